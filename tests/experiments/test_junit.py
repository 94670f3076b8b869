"""What CI servers read: a run as a JUnit report."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from publishing import document, measurement, statement

from verification.report.junit import junit, properties

REASON = "too <few> & \x00 trials"


@pytest.fixture
def result() -> dict[str, object]:
    lim = statement("LIM-a", status="inconclusive", reasons=[REASON])
    refuted = statement("TAX", status="refuted", reasons=["its measurement refutes it"])
    refuted["mutants"][0] |= {"rejected": False}
    return document(statement("THR"), lim, refuted, statement("MAG", status="not run", reasons=["no trial"]))


@pytest.mark.parametrize(("fails", "lim"), [(False, "skipped"), (True, "failure")])
def test_each_status_is_what_a_server_makes_of_it(result: dict[str, object], fails: bool, lim: str) -> None:
    root = ET.fromstring(junit(result, inconclusive_fails=fails))  # noqa: S314  # our own
    (suite,) = root
    shown = {case.get("name"): [child.tag for child in case if child.tag != "properties"] for case in suite}
    assert shown == {"THR": [], "LIM-a": [lim], "TAX": ["failure"], "MAG": ["skipped"]}
    for element in (root, suite):
        counts = [int(element.get(key, "")) for key in ("tests", "failures", "skipped", "errors")]
        assert counts == [4, 1 + fails, 2 - fails, 0]
        assert float(element.get("time", "")) == pytest.approx(sum(result["timing"].values()), abs=1e-3)


def test_reasons_and_figures_are_said_whatever_characters_they_hold(result: dict[str, object]) -> None:
    root = ET.fromstring(junit(result))  # noqa: S314  # our own
    assert root.find(".//testcase[@name='LIM-a']/skipped").get("message").endswith("too <few> & \ufffd trials")
    failure = root.find(".//testcase[@name='TAX']/failure")
    measured = result["statements"][2]["evidence"]["measurement"]
    assert failure.get("message") == "TAX is refuted: its measurement refutes it"
    for said in (measured["null"], measured["alternative"], f"{measured['sample_size']} trials"):
        assert said in failure.text
    survivor = result["statements"][2]["mutants"][0]["id"]
    assert f"not rejected: {survivor}" in failure.text


def test_properties_are_those_of_the_measurement() -> None:
    measured = measurement(level=0.0025, sample_size=17, detectable=None, detectable_unit="share")
    found = statement("THR")
    found["evidence"]["measurement"] = measured
    result = document(found)
    result["suite"]["seed"] = 12
    root = ET.fromstring(junit(result))  # noqa: S314  # our own
    shown = {p.get("name"): p.get("value") for p in root.iter("property")}
    assert shown["alpha"] == "0.0025"
    assert shown["sample_size"] == "17"
    assert shown["seed"] == "12"
    assert shown["smallest_detectable_deviation"] == "none"
    assert shown["detectable_unit"] == "share"


def test_a_statement_that_the_result_lacks_has_no_properties(result: dict[str, object]) -> None:
    with pytest.raises(KeyError, match="GEN"):
        properties(result, "GEN")
