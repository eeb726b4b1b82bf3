"""Public profile texts and texts disclosed in reports, made of small word lists."""

from __future__ import annotations

import re

import numpy as np

from spamclf.simulate.aftermath import Reports
from spamclf.simulate.cast import Cast
from spamclf.simulate.log import DAY, MINUTE

__all__ = ["Texts", "draw_texts", "spin"]

#: account, instant, source, text
Texts = tuple[list[int], list[int], list[str], list[str]]

# fmt: off
_GIVEN = (
    "Ada", "Ana", "Amir", "Bruno", "Carla", "Dewi", "Diego", "Elif", "Emeka", "Eva", "Femi", "Gita",
    "Hana", "Hugo", "Ines", "Ivo", "Jana", "João", "Kavya", "Kofi", "Lara", "Lena", "Luis", "Maya",
    "Milan", "Nadia", "Ngozi", "Noor", "Olga", "Omar", "Paula", "Putri", "Rafael", "Ravi", "Rosa",
    "Samir", "Sofía", "Tariq", "Uwe", "Wei", "Yara", "Zoë",
)
_FAMILY = (
    "Abbas", "Adeyemi", "Almeida", "Bauer", "Becker", "Costa", "Das", "Fischer", "Ferreira", "García",
    "Gupta", "Hassan", "Hernández", "Ibrahim", "Khan", "Klein", "Kumar", "Lima", "López", "Martínez",
    "Mensah", "Meyer", "Nair", "Nowak", "Okafor", "Patel", "Pereira", "Putra", "Ramos", "Reyes",
    "Santoso", "Schmidt", "Silva", "Singh", "Souza", "Suzuki", "Torres", "Weber", "Wijaya", "Wolf",
)
# fmt: on

#: What thousands of people innocently share.
_COMMON_ABOUT = ("Available", "Busy", "At work", "Hey there! I am using this app.", "Urgent calls only", "🙂")
_ABOUT = (
    "{coffee|tea|books|music|football|cats|dogs|gardens|trains} and {coffee|tea|films|mountains|the "
    "sea|bread}",
    "{mum|dad|aunt|uncle} of {two|three|four}, {happy|tired|grateful|busy}",
    "{born|living|working} in a {small|big|quiet|loud} {town|city|village} since {1988|1995|2003|2011}",
    "{Heute|Morgen|Immer} {ein Tee|ein Kaffee|Musik|Ruhe}, bitte",
    "{vida|família|paz|fé} e {alegria|futebol|música|saudade}",
    "{hidup|kerja|doa} dan {kopi|keluarga|senyum}",
    "{my photos|my music|my blog|my shop}: https://{ada|kofi|lena|ravi|yara}-{pictures|songs|notes|things}.example",
    "new number, the old one was +99 000 {321|432|543} {21|32|43|54|65}",
)
_SHOP = (
    "{Bakery|Florist|Garage|Hairdresser|Pharmacy|Bookshop} {Sunrise|Central|Corner|Riverside|Old "
    "Town}. Open {8|9|10}-{17|18|19}, {Monday|Tuesday} to {Friday|Saturday}. {Orders and questions here.|"
    "Orders: https://{shop|order}-{sunrise|corner|riverside}.example/{a|b|c}|Call +99 000 {222|333} {11|22|33}}"
)
_NOTIFIER = (
    "{Clinic|Dentist|Courier|School|Library} {North|South|Lakeside|Station|Park}: "
    "{reminders|notices|tracking} only, this number is not {read|answered}. {Help: https://{north|lake}-"
    "{desk|help}.example|See +99 000 {444|555} {66|77}|}"
)
#: One template an operation; every account, every day spins it anew. All links are in reserved domains.
_TEMPLATES = (
    "{Hello|Hi|Dear} {friend|sir or madam|neighbour}, {earn|make} {200|250|300} euro {a day|daily} "
    "from home. {Write|Answer} {now|today}: https://{work|job}-{easy|fast}.example/{a|b|c}{1|2|3}",
    "{Congratulations|Well done}! Your number {won|was drawn} for {a phone|a car|5000 dollars}. Claim "
    "{within|in} {24|48} hours at https://prize-{desk|office}.example/{win|claim}{7|8|9}",
    "{Guten Tag|Hallo}, Ihr {Paket|Päckchen} {wartet|liegt bereit}. {Zahlen Sie|Bitte zahlen} "
    "{1,99|2,49} Euro Zoll: https://paket-{info|zoll}.example/{x|y|z}{3|4|5}",
    "{Oi|Olá}, {tudo bem|como vai}? {Invista|Aplique} {hoje|agora} {100|150} reais e {receba|ganhe} "
    "{900|1200} {amanhã|em um dia}: https://{renda|lucro}-certo.example/{k|m}{1|2|3}",
    "{Pinjaman|Dana} {cepat|mudah} {tanpa jaminan|cair hari ini}, {5|10|15} juta. Hubungi +99 000 "
    "{111|222|333} {44|55|66}",
    ""
    "{รับสมัคร|ต้องการ}คนทำงานที่บ้าน{รายได้|ได้เงิน}วันละ{500|800|1000}บาท"
    "{ทักเลย|สนใจทัก}https://{ngan|job}.example/{1|2|3}",
    "{Crypto|Trading} {signals|tips} {free|at no cost} for {the first|only} {50|100} people, "
    "{87|92|95} percent {hits|right}. Join https://{coin|chart}-{club|room}.example/{in|go}{2|4|6}",
    "{Is this|Are you} {Mr|Ms|Dr} {Chen|Lee|Wong}? {My assistant|A colleague} gave me {this|your} "
    "number for {the tennis|the dinner|the meeting} {on Friday|tomorrow}.",
)
_GRUDGE = (
    "{stop|please stop} {writing|calling} me",
    "you {owe|still owe} me {20|50}",
    "{never|do not} {text|write} me again",
)

_CHOICE = re.compile(r"\{([^{}]*)\}")


def spin(template: str, rng: np.random.Generator) -> str:
    """Choose one of the words in each pair of braces, from the innermost out.

    Examples
    --------
    >>> spin("{Hello|Hi} you", np.random.default_rng(0)) in ("Hello you", "Hi you")
    True
    """
    while "{" in template:
        template = _CHOICE.sub(
            lambda match: (words := match.group(1).split("|"))[int(rng.random() * len(words))], template
        )
    return template.strip()


def _name(rng: np.random.Generator) -> str:
    given = _GIVEN[int(rng.random() * len(_GIVEN))]
    return given if rng.random() < 0.35 else f"{given} {_FAMILY[int(rng.random() * len(_FAMILY))]}"


def draw_texts(cast: Cast, reports: Reports, rng: np.random.Generator) -> Texts:
    """Draw names, abouts and descriptions of most accounts, and what some reporters disclosed.

    Parameters
    ----------
    cast : Cast
    reports : Reports
    rng : numpy.random.Generator

    Returns
    -------
    account, observed_at, source, text : lists of equal length
    """
    rows: list[tuple[int, int, str, str]] = []
    lines: tuple[str, ...]
    begin = np.maximum(cast.registered, cast.start) + (
        rng.exponential(20.0, cast.n_accounts) * MINUTE
    ).astype(np.int64)
    shops, notifiers = set(cast.of("shop").tolist()), set(cast.of("notifier").tolist())
    template = {int(member): one.number for one in cast.operations for member in one.members}
    for code, when in enumerate(begin.tolist()):
        if rng.random() < 0.9:
            rows.append((code, when, "name", _name(rng)))
        if code in shops or code in notifiers:
            rows.append((code, when, "description", spin(_SHOP if code in shops else _NOTIFIER, rng)))
        elif code in template and rng.random() < 0.45:
            source = "about" if rng.random() < 0.7 else "description"
            rows.append(
                (code, when + MINUTE, source, spin(_TEMPLATES[template[code] % len(_TEMPLATES)], rng))
            )
        elif (habit := rng.random()) < 0.55:
            lines = _ABOUT if habit < 0.3 else _COMMON_ABOUT
            later = when + int(rng.random() * (cast.end - when) * (rng.random() < 0.3))
            rows.append((code, later, "about", spin(lines[int(rng.random() * len(lines))], rng)))
    account, _, reported_at, block = reports
    for code, when in zip(account[~block].tolist(), reported_at[~block].tolist(), strict=True):
        if rng.random() < 0.6:
            lines = (_TEMPLATES[template[code] % len(_TEMPLATES)],) if code in template else _GRUDGE
            rows.append((code, when, "reported", spin(lines[int(rng.random() * len(lines))], rng)))
    rows = [row for row in rows if row[1] < cast.end + DAY]
    return [r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows], [r[3] for r in rows]
