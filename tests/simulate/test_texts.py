from __future__ import annotations

import re

import numpy as np

from spamclf.simulate import texts


def test_spinning_leaves_no_braces_and_varies():
    rng = np.random.default_rng(0)
    for template in (*texts._TEMPLATES, *texts._ABOUT, texts._SHOP, texts._NOTIFIER):
        spun = {texts.spin(template, rng) for _ in range(20)}
        assert len(spun) > 1
        assert not any(re.search(r"[{}|]", text) for text in spun)


def test_links_are_in_reserved_domains(tables):
    lines = " ".join(text for text in tables["texts"]["text"].to_pylist() if text)
    hosts = re.findall(r"https?://([^/\s]+)", lines)
    assert hosts
    assert all(host.endswith(".example") for host in hosts)


def test_all_sources_occur(tables):
    assert set(tables["texts"]["source"].to_pylist()) == {"name", "about", "description", "reported"}
