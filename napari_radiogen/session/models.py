"""The engines that a session holds, loaded together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from napari_radiogen.errors import RadiogenError
from napari_radiogen.session.map_spaces import MapSpaces, make_spaces
from napari_radiogen.session.patients import OwnPatients
from napari_radiogen.session.ports import Engines, Generator, Measurer, Segmenter, Synthesiser
from napari_radiogen.session.reference import Reference


@dataclass(frozen=True, eq=False)
class LoadedModels:
    """A generator with all that is prepared from it, a segmenter and a measurer.

    Parameters
    ----------
    reference
        The training cohort of the generator, whoever else joined it.
    problems
        One line for each model that could not be loaded.
    own
        Patients that a person opened beside the generator's.
    spaces
        What the gene map shows of the generator's subjects and of those opened.
    """

    generator: Generator | None = None
    synthesiser: Synthesiser | None = None
    reference: Reference | None = None
    segmenter: Segmenter | None = None
    problems: tuple[str, ...] = ()
    own: tuple[OwnPatients, ...] = ()
    spaces: MapSpaces | None = None
    measurer: Measurer | None = None

    def with_own(self, own: OwnPatients) -> LoadedModels:
        """Return the same models with more patients in the generator.

        The yardstick and the place on the map stay those of the training
        cohort. A source that was opened before is taken anew.
        """
        if self.generator is None or self.reference is None:
            return self
        joined = self.generator.with_patients(
            own.subjects, own.metagenes, self.reference.map_position
        )
        kept = tuple(o for o in self.own if o.path != own.path)
        ids = tuple(s.subject_id for s in own.subjects)
        spaces = None if self.spaces is None else self.spaces.joined(ids, joined, own.genes)
        return replace(self, generator=joined, own=(*kept, own), spaces=spaces)

    @classmethod
    def of(
        cls,
        generator: Generator | None,
        segmenter: Segmenter | None,
        engines: Engines,
        problems: tuple[str, ...] = (),
        measurer: Measurer | None = None,
    ) -> LoadedModels:
        """Prepare what follows from a generator."""
        if generator is None:
            return cls(segmenter=segmenter, problems=problems, measurer=measurer)
        try:
            spaces = make_spaces(generator, engines.load_maps(generator))
        except RadiogenError as error:
            spaces, problems = make_spaces(generator, None), (*problems, str(error))
        return cls(
            generator,
            engines.make_synthesiser(generator),
            Reference(generator),
            segmenter,
            problems,
            spaces=spaces,
            measurer=measurer,
        )


def load_models(
    name: str | None, engines: Engines, progress: Callable[[float, str], None]
) -> LoadedModels:
    """Load a generator, the segmenter and the measuring network; any may be missing.

    Parameters
    ----------
    name
        Of the generator, None for the default one.
    """
    problems: list[str] = []
    generator: Generator | None = None
    segmenter: Segmenter | None = None
    measurer: Measurer | None = None
    progress(0.0, "loading the generator")
    try:
        generator = engines.load_generator(name)
    except RadiogenError as error:
        problems.append(str(error))
    progress(0.5, "loading the segmenter")
    try:
        segmenter = engines.load_segmenter()
    except RadiogenError as error:
        problems.append(str(error))
    progress(0.8, "loading the measuring network")
    try:
        measurer = engines.load_measurer()
    except RadiogenError as error:
        problems.append(str(error))
    return LoadedModels.of(generator, segmenter, engines, tuple(problems), measurer)
