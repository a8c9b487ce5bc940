"""Expression tables as text: either way round, every form, odd ids, faults and bombs."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from tests.battery.case import CANARY, Case, Expectation, TableTruth

#: What ``convert`` writes of a table, by turns.
OUTPUTS = (".csv", ".h5ad")
LOG2 = ("--scale", "log2")
PATIENTS = ("R01-001", "R01-002", "001")
GENES = ("EGFR", "NA", "MARCH1", "1e5")
#: A row for each gene.
CELLS = (("1.5", "2", "0.1"), ("3", "4.25", "5"), ("1e-3", "6", "-7.5"), ("8", "9", "16.75"))

BAD_CELL = "ragged row, text or infinity among numbers, decimal comma"
CUT = "series matrix without its end line, gzip that breaks off, GCT of another size than stated"
BINARY = "spreadsheet, Parquet, UTF-16, NUL bytes"
NAMELESS = "nameless or control characters in a name"
NO_LAYOUT = "genes in rows or columns cannot be told"
NO_SCALE = "scale cannot be inferred, or contradicts the values"
BLANKS = "names that begin or end with a blank"
DATES = "genes named like dates (`3-Mar`)"
BOMB = "text beyond the caps"


def truth(
    cells: Sequence[Sequence[str]] = CELLS,
    patients: Sequence[str] = PATIENTS,
    genes: Sequence[str] = GENES,
) -> TableTruth:
    """Of a row for each gene."""
    values = [[float(c) if c else np.nan for c in row] for row in cells]
    return TableTruth(np.array(values, np.float32).T, tuple(patients), tuple(genes))


def rows(
    delimiter: str = ",",
    corner: str | None = "gene",
    cells: Sequence[Sequence[str]] = CELLS,
    patients: Sequence[str] = PATIENTS,
    genes: Sequence[str] = GENES,
) -> str:
    """Genes in rows."""
    head = ([] if corner is None else [corner]) + list(patients)
    lines = [head, *([g, *row] for g, row in zip(genes, cells, strict=True))]
    return "".join(delimiter.join(line) + "\n" for line in lines)


def columns(delimiter: str = ",", corner: str = "patient_id") -> str:
    """Patients in rows."""
    turned = list(zip(*CELLS, strict=True))
    return rows(delimiter, corner, turned, patients=GENES, genes=PATIENTS)


def case(
    name: str,
    content: str | bytes,
    right: TableTruth | None = None,
    expect: Expectation | None = None,
    says: str = "",
    options: tuple[str, ...] = LOG2,
    fault: str = "",
    file: str = "t.csv",
) -> Case:
    def build(folder: Path) -> tuple[Path, TableTruth | None]:
        raw = content.encode() if isinstance(content, str) else content
        (folder / file).write_bytes(raw)
        return folder / file, right

    wanted: Expectation = expect or ("refused" if right is None else "valid")
    return Case("tables", name, wanted, build, says, None, fault, options, OUTPUTS, ())


def cases() -> Iterator[Case]:
    yield from _either_way()
    yield from _forms()
    yield from _packed()
    yield from _encodings()
    yield from _ids()
    yield from _values()
    yield from _shapes()
    yield from _scales()
    yield from _no_text()
    yield from _bombs()
    yield from _odd_places()


def _either_way() -> Iterator[Case]:
    for delimiter, word, file in ((",", "CSV", "t.csv"), ("\t", "TSV", "t.tsv")):
        yield case(f"{word}, genes in rows", rows(delimiter), truth(), file=file)
        yield case(f"{word}, genes in columns", columns(delimiter), truth(), file=file)
    yield case("TSV named txt without a corner", rows("\t", None), truth(), file="t.txt",
               options=(*LOG2, "--genes", "rows"))  # fmt: skip
    plain = rows(corner="x", patients="uvw", genes="abcd")
    said = truth(patients="uvw", genes="abcd")
    yield case("no evidence", plain, says="--genes rows", fault=NO_LAYOUT)
    yield case("no evidence, genes stated in rows", plain, said, options=(*LOG2, "--genes", "rows"))
    turned = truth(tuple(zip(*CELLS, strict=True)), "abcd", "uvw")
    yield case("no evidence, genes stated in columns", plain, turned,
               options=(*LOG2, "--genes", "columns"))  # fmt: skip
    both = rows(patients=("EGFR", "KRAS", "ALK"), genes="abcd")
    yield case("evidence both ways", both, says="cannot tell", fault=NO_LAYOUT)
    yield case("semicolons", rows(";"), says="semicolons")


def _series(
    cells: Sequence[Sequence[str]] = CELLS, genes: Sequence[str] = GENES, end: bool = True
) -> str:
    head = "".join(
        f'!{key}\t"{CANARY}"\n' for key in ("Series_title", "Series_contact_name", "Sample_geo")
    )
    titles = '!Sample_title\t"R01-001"\t"R01-002"\t"001"\n'
    table = '"ID_REF"\t"GSM1"\t"GSM2"\t"GSM3"\n' + "".join(
        "\t".join((f'"{gene}"', *row)) + "\n" for gene, row in zip(genes, cells, strict=True)
    )
    last = "!series_matrix_table_end\n" if end else ""
    return f"{head}{titles}!series_matrix_table_begin\n{table}{last}"


def _gct(version: str, sizes: str = "4\t3", text: str = CANARY) -> str:
    names = "\t".join(PATIENTS)
    table = "".join("\t".join((g, text, *row)) + "\n" for g, row in zip(GENES, CELLS, strict=True))
    if version == "1.3":
        head = f"#1.3\n{sizes}\t1\t1\nid\tdescription\t{names}\nsite\tna" + f"\t{text}" * 3
    else:
        head = f"#{version}\n{sizes}\nName\tDescription\t{names}"
    return f"{head}\n{table}"


def _forms() -> Iterator[Case]:
    named = truth(patients=("GSM1", "GSM2", "GSM3"))
    yield case("series matrix", _series(), named, file="m.txt")
    yield case("series matrix, packed", gzip.compress(_series().encode()), named, file="m.txt.gz")
    yield case("series matrix by title", _series(), truth(), file="m.txt",
               options=(*LOG2, "--samples", "title"))  # fmt: skip
    yield case("series matrix with headers only", _series((), ()), says="headers only",
               fault="series matrix with headers only", file="m.txt")  # fmt: skip
    yield case("series matrix without an end", _series(end=False), says="breaks off", fault=CUT)
    yield case("series matrix without a table", _series().split("!series_matrix")[0],
               says="no values", file="m.txt")  # fmt: skip
    yield case("series matrix of columns", _series(), says="genes in rows",
               options=(*LOG2, "--genes", "columns"))  # fmt: skip
    for version in ("1.2", "1.3"):
        yield case(f"GCT {version}", _gct(version), truth(), file="t.gct")
        yield case(f"GCT {version} says more rows", _gct(version, "5\t3"), says="says 5 rows",
                   fault=CUT, file="t.gct")  # fmt: skip
        yield case(f"GCT {version} says more columns", _gct(version, "4\t9"), says="columns",
                   fault=CUT, file="t.gct")  # fmt: skip
    yield case("GCT of another version", _gct("1.7"), says="unknown version", file="t.gct")
    yield case("GCT of sizes beyond numbers", _gct("1.2", "9" * 30 + "\t3"),
               says="whole numbers|says", file="t.gct")  # fmt: skip
    fpkm = (("0.5", "", "1200.25"), ("", "", "3"), ("1", "2", "3"), ("4", "5", ""))
    rna = rows("\t", "", [[c or "NA" for c in row] for row in fpkm])
    packed = gzip.compress(rna.encode())
    yield case("GSE103584 form", packed, truth(fpkm), file="GSE103584.txt.gz",
               options=("--scale", "fpkm"))  # fmt: skip
    yield case("GSE103584 form, scale inferred", packed, truth(fpkm), "warned",
               "inferred as fpkm", (), "scale inferred", "GSE103584.txt.gz")  # fmt: skip


def _packed() -> Iterator[Case]:
    raw = rows().encode()
    for file in ("t.csv.gz", "t.csv", "t"):
        yield case(f"gzip named {file}", gzip.compress(raw), truth(), file=file)
    half = raw.find(b"\n", 20) + 1
    both = gzip.compress(raw[:half]) + gzip.compress(raw[half:])
    yield case("gzip of two members", both, truth(), file="t.csv.gz")
    packed = gzip.compress(raw)
    for cut in (11, len(packed) // 2, len(packed) - 4):
        yield case(
            f"gzip cut at {cut}", packed[:cut], says="breaks off", fault=CUT, file="t.csv.gz"
        )
    spoilt = packed[:-6] + bytes([packed[-6] ^ 255]) + packed[-5:]
    yield case("gzip of another check sum", spoilt, says="damaged", file="t.csv.gz")
    yield case("gzip within gzip", gzip.compress(packed), file="t.csv.gz")
    yield case("gzip with more behind", packed + b"more", says="damaged", file="t.csv.gz")


def _encodings() -> Iterator[Case]:
    yield case("byte order mark", b"\xef\xbb\xbf" + rows().encode(), truth())
    yield case("line ends of Windows", rows().replace("\n", "\r\n"), truth())
    yield case("no last line end", rows().rstrip("\n"), truth())
    yield case("empty lines between", rows().replace("\n", "\n\n"), truth())
    named = ("José", "王", "Ünal")
    text, right = rows(patients=named), truth(patients=named)
    yield case("names beyond ASCII", text, right)
    latin = rows(patients=("José", "b", "c"))
    yield case("not UTF-8", latin.encode("cp1252"), says="not UTF-8",
               fault="expression that is not UTF-8")  # fmt: skip
    yield case("not UTF-8, encoding stated", latin.encode("cp1252"),
               truth(patients=("José", "b", "c")), options=(*LOG2, "--encoding", "cp1252"))  # fmt: skip
    yield case("an encoding that nobody knows", rows(), says="not a known encoding",
               options=(*LOG2, "--encoding", "rot13"))  # fmt: skip
    for codec in ("utf-16", "utf-16-be", "utf-32"):
        yield case(codec, text.encode(codec), says="UTF-16|NUL|not UTF-8", fault=BINARY)
    yield case("a NUL in a name", rows().replace("EGFR", "EG\0FR"), says="NUL", fault=BINARY)


def _ids() -> Iterator[Case]:
    for name, gene, shown in (
        ("a formula", "=cmd|' /C calc'!A0", None), ("an at sign", "@SUM(A1)", None),
        ("a plus", "+1", None), ("a minus", "-3", None), ("an escaped formula", "'=x", "=x"),
        ("an apostrophe", "'x", None), ("a leading zero", "007", None), ("a float", "1.0", None),
        ("a word for missing", "nan", None), ("true", "TRUE", None),
        ("a name of two hundred", "g" * 200, None),
    ):  # fmt: skip
        genes = (gene, *GENES[1:])
        yield case(f"gene of {name}", rows(genes=genes), truth(genes=(shown or gene, *GENES[1:])))
    for name, patient in (("a formula", "=1+1"), ("an exponent", "1e5"), ("NA", "NA")):
        ids = (patient, *PATIENTS[1:])
        yield case(f"patient of {name}", rows(patients=ids), truth(patients=ids))
    quoted = rows(genes=('"a,""b"', *GENES[1:]))
    yield case("a comma and a quote in a name", quoted, truth(genes=('a,"b', *GENES[1:])))
    yield case("a new line in a name", rows(genes=('"a\nb"', *GENES[1:])), says="control",
               fault=NAMELESS)  # fmt: skip
    for code in ("\x1b[31m", "\x07", "\u202e", "\u200b"):
        yield case(f"control character {ord(code[0])} in a name",
                   rows(patients=(f"P{code}1", *PATIENTS[1:])), says="control", fault=NAMELESS)  # fmt: skip
    yield case("a gene without a name", rows(genes=("", *GENES[1:])), says="has no name",
               fault=NAMELESS)  # fmt: skip
    yield case("a patient without a name", rows(patients=("", *PATIENTS[1:])), says="has no name",
               fault=NAMELESS)  # fmt: skip
    yield case("a name of 300", rows(genes=("g" * 300, *GENES[1:])), says="long", fault=NAMELESS)
    yield case("patient twice", rows(patients=("a", "b", "a")), says="'a' appears more than once",
               fault="patient named twice")  # fmt: skip
    yield case("gene twice", rows(genes=("EGFR", "KRAS", "EGFR", "ALK")),
               says="'EGFR' appears more than once", fault="gene named twice")  # fmt: skip
    genes = ("EGFR", "egfr", "EGFR2", "Egfr")
    yield case("genes that differ in case", rows(genes=genes), truth(genes=genes))
    padded = ("R01-001 ", *PATIENTS[1:])
    yield case("a blank behind a name", rows(patients=padded), truth(patients=padded), "warned",
               "blank", fault=BLANKS)  # fmt: skip
    dates = ("3-Mar", *GENES[1:])
    yield case("a gene like a date", rows(genes=dates), truth(genes=dates), "warned", "dates",
               fault=DATES)  # fmt: skip


def _first(cell: str) -> str:
    return rows(cells=((cell, *CELLS[0][1:]), *CELLS[1:]))


def _values() -> Iterator[Case]:
    for word in ("", "NA", "NaN", "nan", "N/A", "null", "NULL"):
        right = truth((("", *CELLS[0][1:]), *CELLS[1:]))
        yield case(f"missing as {word!r}", _first(word), right)
    yield case("nothing measured", rows(cells=(("NA",) * 3,) * 4), says="no measured value")
    for cell in ("x", "inf", "-Infinity", "1e39", "1_0", "١", "0x10", "1.5.2", "NAN", "TRUE", "-",
                 '"1,5"', "1 000", "#N/A", "=1+1", "'1"):  # fmt: skip
        yield case(f"{cell!a} among numbers", _first(cell), says="line 2.*finite number",
                   fault=BAD_CELL)  # fmt: skip
    for cell in ("16777217e-6", "1e-30", "+2.5", ".5", "2."):
        yield case(f"the number {cell}", _first(cell), truth(((cell, *CELLS[0][1:]), *CELLS[1:])))


def _shapes() -> Iterator[Case]:
    lines = rows().splitlines(keepends=True)
    longer, shorter = [*lines[:2], "KRAS,1,2,3,4\n"], [*lines[:2], "KRAS,1,2\n"]
    for name, broken in (("longer", longer), ("shorter", shorter)):
        yield case(f"a {name} row", "".join(broken), says="line 3.*cells", fault=BAD_CELL)
    yield case("decimal commas", rows().replace(".", ","), says="cells", fault=BAD_CELL)
    yield case("a cut last row", rows()[:-12], says="cells", fault=BAD_CELL)
    yield case("a header only", lines[0], says="no row")
    yield case("an empty file", b"", says="no row|empty")
    yield case("an empty line", "\n", says="empty")
    yield case("comments first", "#by hand\n" + rows(), says="comments")
    yield case("a quote without an end", rows().replace("EGFR", '"EGFR'), says="not a table|quote")
    yield case("one number", "gene,p1\nEGFR,1.5\n", truth((("1.5",),), ("p1",), ("EGFR",)))


def _scales() -> Iterator[Case]:
    negative = rows(cells=(("-1", "-2", "-3"),) * 4)
    binary = rows(cells=(("0", "1", "0"),) * 4)
    large = (("1200", "2", "3"),) * 4
    yield case(
        "negative values of few patients", negative, says="too few", options=(), fault=NO_SCALE
    )
    yield case("only 0 and 1", binary, says="0 and 1", options=(), fault=NO_SCALE)
    for scale in ("counts", "fpkm"):
        yield case(f"negative {scale}", negative, says="cannot be negative",
                   options=("--scale", scale), fault=NO_SCALE)  # fmt: skip
    yield case("log2 of 1200", rows(cells=large), says="below 30", fault=NO_SCALE)
    yield case("counts inferred", rows(cells=large), truth(large), "warned", "inferred as counts",
               (), "scale inferred")  # fmt: skip
    low = (("1.5", "2", "3"),) * 4
    yield case("log2 inferred", rows(cells=low), truth(low), "warned", "inferred as log2", (),
               "scale inferred")  # fmt: skip
    scores = np.random.default_rng(0).normal(size=(40, 12))
    scores = (scores - scores.mean(1, keepdims=True)) / scores.std(1, keepdims=True)
    cells = [[f"{v:.4f}" for v in row] for row in scores]
    ids, genes = [f"p{n}" for n in range(12)], [f"g{n}" for n in range(40)]
    yield case("z-scores inferred", rows(cells=cells, patients=ids, genes=genes),
               truth(cells, ids, genes), "warned", "inferred as zscore", (), "scale inferred")  # fmt: skip
    zeros = (("0", "2.5", "3"),) * 4
    yield case("many zeros", rows(cells=zeros), truth(zeros), "warned", "--zeros-missing",
               fault="many zeros and no NA")  # fmt: skip
    none = (("", "2.5", "3"),) * 4
    yield case("zeros stated as missing", rows(cells=zeros), truth(none),
               options=(*LOG2, "--zeros-missing"))  # fmt: skip


def _no_text() -> Iterator[Case]:
    for name, start, says in (
        ("a workbook", b"PK\x03\x04", "spreadsheet|archive"), ("Parquet", b"PAR1", "Parquet"),
        ("an old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "spreadsheet"),
        ("noise", bytes(range(255, 0, -1)), ""), ("a PDF", b"%PDF-1.7\n", ""),
        ("a pickle", b"\x80\x04\x95cbuiltins\neval\n.", ""),
    ):  # fmt: skip
        fault = BINARY if says else ""
        yield case(f"{name} named csv", start + b"\x01\xff" * 300, says=says, fault=fault)


def _bombs() -> Iterator[Case]:
    head = b"gene,p1\nEGFR,"
    for name, more, says in (
        ("a line of 17 MiB", b"0" * (17 << 20), "longer than"),
        ("a name of 17 MiB", b"1\n" + b"x" * (17 << 20), "longer than"),
        ("a million empty lines", b"1\n" + b"\n" * 1_000_001, "more than"),
    ):
        yield case(name, gzip.compress(head + more, 1), says=says, fault=BOMB, file="t.csv.gz")
    member = gzip.compress(b"x,1\n" * (4 << 20), 1)
    yield case("a gzip of 4 GiB in members", gzip.compress(head + b"1\n") + member * 256,
               says="more than", fault=BOMB, file="t.csv.gz")  # fmt: skip
    deep = b"gene," + b",".join(b"p%d" % n for n in range(100_000)) + b"\nEGFR,1\n"
    yield case("a header of 100000 columns", deep, says="cells", fault=BAD_CELL)
    digits = _first("1" * 200_000)
    yield case("a number of 200000 digits", digits, says="finite number|not a table")


def _odd_places() -> Iterator[Case]:
    def odd(name: str, says: str, build: Callable[[Path], Path]) -> Case:
        def made(folder: Path) -> tuple[Path, None]:
            return build(folder), None

        return Case("tables", name, "refused", made, says, None, "", LOG2, OUTPUTS, ())

    def pipe(folder: Path) -> Path:
        os.mkfifo(folder / "pipe.csv")
        return folder / "pipe.csv"

    def loop(folder: Path) -> Path:
        (folder / "a.csv").symlink_to(folder / "a.csv")
        return folder / "a.csv"

    yield odd("a folder", "folder", lambda folder: folder)
    yield odd("nothing there", "[Nn]o such file", lambda folder: folder / "absent.csv")
    yield odd("a pipe", "neither a file", pipe)
    yield odd("a device", "neither a file", lambda _folder: Path("/dev/zero"))
    yield odd("a link to itself", "", loop)
    probes = b"ID\tGene Symbol\np1\tEGFR\np2\tKRAS\np3\tEGFR /// ALK\n"
    cells = (("1.5", "2"), ("3", "4"), ("5", "6"))

    def platform(folder: Path) -> tuple[Path, TableTruth]:
        (folder / "probes.txt").write_bytes(probes)
        text = rows(cells=cells, patients=("u", "v"), genes=("p1", "p2", "p3"), corner="ID_REF")
        (folder / "t.csv").write_text(text)
        return folder / "t.csv", truth(cells[:2], ("u", "v"), ("EGFR", "KRAS"))

    options = (*LOG2, "--probes", "{}/probes.txt")
    yield Case(
        "tables", "probes by a platform", "valid", platform, "", None, "", options, OUTPUTS, ()
    )
