"""Words that the texts of honest people in simulated worlds are made of; all invented.

A text may offer choices in braces. All links are in the reserved domain ``.example``.
"""

from __future__ import annotations

__all__ = [
    "ABOUT",
    "CHAINS",
    "COMMON_ABOUT",
    "FAMILY",
    "FAN",
    "GIVEN",
    "GRUDGE",
    "NOTIFIER",
    "PITCH",
    "SEEK",
    "SHOP",
]

# fmt: off
GIVEN = (
    "Ada", "Ana", "Amir", "Bruno", "Carla", "Dewi", "Diego", "Elif", "Emeka", "Eva", "Femi", "Gita",
    "Hana", "Hugo", "Ines", "Ivo", "Jana", "João", "Kavya", "Kofi", "Lara", "Lena", "Luis", "Maya",
    "Milan", "Nadia", "Ngozi", "Noor", "Olga", "Omar", "Paula", "Putri", "Rafael", "Ravi", "Rosa",
    "Samir", "Sofía", "Tariq", "Uwe", "Wei", "Yara", "Zoë",
)
FAMILY = (
    "Abbas", "Adeyemi", "Almeida", "Bauer", "Becker", "Costa", "Das", "Fischer", "Ferreira", "García",
    "Gupta", "Hassan", "Hernández", "Ibrahim", "Khan", "Klein", "Kumar", "Lima", "López", "Martínez",
    "Mensah", "Meyer", "Nair", "Nowak", "Okafor", "Patel", "Pereira", "Putra", "Ramos", "Reyes",
    "Santoso", "Schmidt", "Silva", "Singh", "Souza", "Suzuki", "Torres", "Weber", "Wijaya", "Wolf",
)

#: What thousands of people innocently share.
COMMON_ABOUT = (
    "Available", "Busy", "At work", "Hey there! I am using this app.", "Urgent calls only", "🙂",
    "Battery about to die",
    "At the gym", "Sleeping", "Can't talk, messages only",
)
ABOUT = (
    "{coffee|tea|books|music|football|cats|dogs|gardens|trains|chess} and "
    "{coffee|tea|films|mountains|the sea|bread|rain}",
    "{mum|dad|aunt|uncle} of {two|three|four}, {happy|tired|grateful|busy} {in|near} {town|the "
    "woods|the city|the hills}",
    "{born|living|working} in a {small|big|quiet|loud} {town|city|village} since {1988|1995|2003|2011|2016}",
    "{Heute|Morgen|Immer} {ein Tee|ein Kaffee|Musik|Ruhe|ein Buch}, {bitte|gern|am liebsten {draußen|am "
    "Meer|daheim}}",
    "{vida|família|paz|fé} e {alegria|futebol|música|saudade} {sempre|todo dia|em casa}",
    "{hidup|kerja|doa} dan {kopi|keluarga|senyum} {setiap hari|di rumah|bersama}",
    "{my photos|my music|my blog|my shop}: "
    "https://{ada|kofi|lena|ravi|yara|omar|ines}-{pictures|songs|notes|things|hats}.example",
    "new number, the old one was +99 000 {321|432|543|654} {21|32|43|54|65}",
    "{nurse|teacher|driver|student|carpenter|cook|tailor} by day, {reader|dancer|gamer|runner|baker} by night",
    "{ชอบ|รัก}{กาแฟ|แมว|ทะเล|เพลง|ต้นไม้}{มาก|ที่สุด|ทุกวัน}",
    "{sin|con} {prisa|miedo|azúcar}, {pero|y} con {calma|ganas|cariño} en {casa|el barrio|la playa}",
)
#: Viral texts; each wave carries one, word for word the same in many places.
CHAINS = (
    "Forward this to {nine|seven|twelve} friends before {midnight|noon|Sunday}: on {Friday|Monday} the app begins "
    "to cost {money|5 a month}, who shares it keeps it free!",
    "URGENT blood group {0|A|B|AB} negative needed at the {city|children's|county} hospital, please put this in your "
    "status, it may save a {child|mother}",
    "I do not give this {company|app|network} permission to use my {pictures|words|voice}, copy this text {today|now} "
    "or they belong to them",
    "Put a {candle|star|rose} in your about for the victims of the {flood|fire|quake}, tonight we all light one "
    "together at {nine|eight|ten}",
    "Never accept the contact called {dance|song|game} of the {father|uncle|clown}, it is a virus, tell everybody in "
    "your list at once",
    "Vote for our {school|choir|club} in the big {garden|cake|dance} contest this week, copy this line so that "
    "{everybody|the town} sees it",
)
FAN = (
    "{A|B|C|D|E|F|G|H} team forever, the new record is out this Friday, stream it all night and change "
    "your picture too",
    "In loving memory of our singer {K|L|M|N|P|R|S|T}, thank you for the songs, this is the picture we "
    "all carry this week",
)
SHOP = (
    "{Bakery|Florist|Garage|Hairdresser|Pharmacy|Bookshop|Tailor|Butcher} "
    "{Sunrise|Central|Corner|Riverside|Old Town|Mill|Harbour|Linden}. "
    "Open {8|9|10}-{17|18|19|20}, {Monday|Tuesday} to {Friday|Saturday}. {Orders and questions here.|"
    "Orders: "
    "https://{shop|order|fresh|my}-{sunrise|corner|riverside|mill|harbour}.example/{a|b|c|d}|Call +99 "
    "000 {222|333|777} {11|22|33|88}}"
)
NOTIFIER = (
    "{Clinic|Dentist|Courier|School|Library|Laboratory} {North|South|Lakeside|Station|Park|Hill|West}: "
    "{reminders|notices|tracking} only, this number is not {read|answered}. {Help: https://{north|lake|hill}-"
    "{desk|help|line}.example|See +99 000 {444|555|888} {66|77|99}|}"
)
#: What a team of people who call by hand all say, nearly word for word.
PITCH = (
    "{Good day|Hello}, I am {your|the} adviser {for|of} {solar roofs|health plans|fibre lines|house "
    "loans|language courses} in "
    "{the north|the south|your area|the old town}. {May I|Could I} {show|send} you our {offer|prices} "
    "{this week|tomorrow}? "
    "{Office|Reach us}: "
    "https://{sun|care|line|home|talk}-{office|advice|partner}.example/{me|us|team}{1|2|3|4|5|6}"
)
SEEK = (
    "{Hello|Hi}, is the {flat|room|studio} in {Mill|Harbour|Linden|Park|School} {Street|Lane} still "
    "free? I am a {nurse|student|cook|teacher}, {quiet|tidy}, with {no|one} {pets|pet}.",
    "{Hello|Good day}, I saw your {advert|notice} for the {job|place} as a {driver|cook|carer|clerk}. I "
    "have {two|five|nine} years of {work|practice} and can start {at once|in {May|June|July}}.",
    "{Hi|Hello}, is the {bike|table|piano|fridge|pram} still there? I could {come|fetch it} "
    "{today|tomorrow|on Saturday} and pay {40|60|90|150} in cash.",
)
GRUDGE = (
    "{stop|please stop} {writing|calling} me",
    "you {owe|still owe} me {20|50}",
    "{never|do not} {text|write} me again",
)
# fmt: on
