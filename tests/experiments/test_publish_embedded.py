"""Figures inside a page take less room and stay what they were."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from urllib.parse import unquote

import numpy as np
import pytest
from matplotlib.figure import Figure

from verification.publish.embedded import compact
from verification.report.style import svg

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]\d+)?")


def _figure() -> str:
    figure = Figure(figsize=(4, 3))
    axes = figure.add_subplot(xlabel="width n", ylabel="error 100 % & #1 <2>", title="it's")
    axes.plot(np.geomspace(1, 100, 40), np.sin(np.arange(40)), marker="o")
    axes.set_xscale("log")
    return svg(figure)


def _page(figure: str) -> str:
    return f'<p>a</p><img src="data:image/svg+xml;base64,{base64.b64encode(figure.encode()).decode()}" alt="b">'


def _back(page: str) -> str:
    (address,) = re.findall(r'<img src="data:image/svg\+xml,([^"]*)" alt="b">', page)
    assert re.fullmatch(r"[A-Za-z0-9%\[\] !$'()*+,\-./:;=?@_~]*", address)  # nothing that ends or breaks a URL
    return unquote(address)


def test_every_element_and_number_is_kept_to_a_hundredth() -> None:
    before = _figure()
    after = _back(compact(_page(before)))
    assert len(compact(_page(before))) < 0.8 * len(_page(before))
    old, new = (list(ET.fromstring(text).iter()) for text in (before, after))  # noqa: S314  # our own figures
    assert [e.tag for e in old] == [e.tag for e in new]
    assert len(old) > 100
    for one, other in zip(old, new, strict=True):
        assert one.keys() == other.keys()
        for key in one.keys():  # noqa: SIM118  # an element, not a mapping
            was, is_now = one.get(key, ""), other.get(key, "")
            assert _NUMBER.sub("", was).split() == _NUMBER.sub("", is_now).split(), key
            tolerance = 0.005001 if key in ("d", "x", "y") else 0
            np.testing.assert_allclose(
                [float(n) for n in _NUMBER.findall(is_now)], [float(n) for n in _NUMBER.findall(was)], atol=tolerance
            )


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("M 0.0049 -0.0049\nL 1.005 2", "M 0 0 L 1 2"),
        ("M 1.23456e-05 12.3456 z", "M 1.23456e-05 12.35 z"),
        ("M 0.015625 -7.10", "M 0.02 -7.10"),
    ],
)
def test_places_are_rounded_and_scales_are_not(path: str, written: str) -> None:
    figure = (
        f'<svg xmlns="http://www.w3.org/2000/svg"><!-- 1.23456 --><path d="{path}" transform="scale(0.015625)"/></svg>'
    )
    assert _back(compact(_page(figure))) == figure.replace(path, written).replace("<!-- 1.23456 -->", "").replace(
        '"', "'"
    )


def test_an_apostrophe_in_a_figure_does_not_end_an_attribute() -> None:
    figure = '<svg xmlns="http://www.w3.org/2000/svg"><title>it\'s 5 %</title></svg>'
    assert ET.fromstring(_back(compact(_page(figure))))[0].text == "it's 5 %"  # noqa: S314


def test_a_page_without_figures_is_left_alone() -> None:
    page = '<p>1.23456</p><img src="data:image/png;base64,AAAA">'
    assert compact(page) == page
