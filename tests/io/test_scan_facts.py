import pytest

from napari_radiogen.errors import InputError
from napari_radiogen.io.scan_facts import header_facts
from tests.fixtures_dicom import write_series


def private(_z, header):
    header.KVP = "120"
    header.ConvolutionKernel = "B70f"
    header.InstitutionName = "General Hospital"
    header.StudyDate = "20110203"
    header.SeriesDescription = "chest of John Doe"
    header.PatientName = "Doe^John\x07" + "x" * 400


@pytest.mark.filterwarnings("ignore:The PN component")
def test_without_a_request_nobody_is_named(tmp_path):
    write_series(tmp_path, private)
    facts = dict(header_facts(tmp_path))
    assert facts["tube voltage"] == "120 kV"
    assert facts["kernel"] == "B70f"
    text = " ".join(facts.values())
    for hidden in ("Doe", "Hospital", "2011"):
        assert hidden not in text


@pytest.mark.filterwarnings("ignore:The PN component")
def test_identity_comes_on_request_as_plain_text_cut_short(tmp_path):
    write_series(tmp_path, private)
    facts = dict(header_facts(tmp_path, identity=True))
    assert facts["patient id"] == "Doe"
    assert facts["series"] == "chest of John Doe"
    assert "\x07" not in facts["patient"]
    assert len(facts["patient"]) <= 200


def test_other_formats_have_no_header_facts_and_a_gone_folder_is_one_line(tmp_path):
    (tmp_path / "scan.nii.gz").write_bytes(b"")
    assert header_facts(tmp_path / "scan.nii.gz") == ()
    with pytest.raises(InputError):
        header_facts(tmp_path / "gone")
