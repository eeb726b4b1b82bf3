"""Phrases that operations put their messages together from, by language; all invented.

A line is a phrase, a paragraph a slot of the message. A phrase may offer a choice in braces; ``<amount>``, ``<link>``
and ``<phone>`` are filled in once by each operation, links in the reserved domain ``.example``.
"""

from __future__ import annotations

__all__ = ["PHRASES"]


def _slots(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(slot.strip().splitlines()) for slot in text.strip().split("\n\n"))


#: By language: slots of a message, each with its phrases; an operation takes one phrase or a few of each slot.
PHRASES: dict[str, tuple[tuple[str, ...], ...]] = {
    "en": _slots(
        """
{Hello|Hi|Dear} {friend|neighbour}
{Good news|Great news} for you
{Excuse me|Sorry}, is this {Mr|Ms} {Chen|Lee|Wong}
{Congratulations|Well done}
{Final|Last} notice
{Quick|Short} question
{Hey|Hi}, we met {last week|at the fair}

our {studio|company|agency} hires {helpers|testers} in your town
your {parcel|package} waits at the {depot|office}
I lead a {group|club} for {crypto|gold} {signals|tips}
your number was drawn in the {spring|summer} lottery
the tax office owes you a refund
my assistant gave me this number for the {dinner|tennis}
we test new {phones|watches} at home

{earn|make} <amount> euro {a day|daily} {with|for} {two|three} hours of likes
a fee of <amount> cents must be paid {today|within a day}
<amount> percent of our calls were {right|winners}
claim your <amount> dollars {before|by} Friday
only <amount> places are left {this week|this month}
<amount> people here have joined {already|so far}
the bonus of <amount> is paid {each night|at once}

no {experience|training} is {needed|asked}
it takes {one minute|sixty seconds}
you keep all of it, {no fees|no tax}
ask anybody, {we are|it is} {insured|registered}
my uncle {did|tried} it too
the {bank|post} confirms it
{say|send} yes and I explain

{Write|Answer} {now|today}: <link>
{Details|More} at <link>
{Call|Text} <phone>
{Join|Enter} here <link>
{Confirm|Check} under <link>
ask for Ms {Kim|Tan|Ray} at <phone>
{add|save} me on <phone>
"""
    ),
    "de": _slots(
        """
{Guten Tag|Hallo}
{Hallo Mama|Hallo Papa}, mein Handy ist kaputt
{Wichtig|Dringend}
{Herzlichen Glückwunsch|Gratulation}
{Letzte|Zweite} Mahnung
{Kurze|Schnelle} Frage
{Moin|Servus}, wir kennen uns vom {Markt|Verein}

Ihr {Paket|Päckchen} {wartet|liegt bereit}
wir suchen {Helfer|Tester} von zu Hause
Ihr Konto wurde {eingeschränkt|gesperrt}
Ihre Nummer hat {gewonnen|ein Los}
ich leite eine Gruppe für {Aktien|Münzen}
Ihre Rückzahlung ist {bewilligt|fertig}
das ist meine neue {Nummer|Karte}

zahlen Sie <amount> Cent {Zoll|Porto}
es gibt <amount> Euro {am Tag|die Woche}
noch <amount> Plätze sind {frei|offen}
<amount> Prozent Gewinn im {letzten Monat|Mai}
ich brauche <amount> Euro bis {heute Abend|morgen}
<amount> Kunden sind {zufrieden|dabei}
der Bonus von <amount> Euro {verfällt|endet} {bald|heute}

{ohne|keine} {Erfahrung|Gebühr}
dauert {eine Minute|nur kurz}
alles {geprüft|versichert}
{fragen|rufen} Sie gern
meine Tante macht es {auch|schon}
die Bank {weiß|bestätigt} es
{schreib|sag} einfach ja

{hier|jetzt}: <link>
{Mehr|Alles} unter <link>
Telefon <phone>
{bestätigen|prüfen} Sie <link>
{melde|melden Sie} dich <phone>
zum {Formular|Beleg} <link>
frag nach {Frau Roth|Herrn Lang}, <phone>
"""
    ),
    "pt": _slots(
        """
{Oi|Olá}, {tudo bem|como vai}
{Parabéns|Boa notícia}
{Urgente|Importante}
{Oi mãe|Oi pai}, troquei de número
{Último|Segundo} aviso
{Bom dia|Boa tarde} {amigo|vizinha}
{Desculpe|Perdão}, é o {doutor|senhor} {Lima|Costa}

{invista|aplique} com nosso {grupo|robô}
sua {encomenda|caixa} está {parada|retida}
nossa loja {contrata|procura} {ajudantes|pessoas}
seu número foi {sorteado|escolhido}
o governo {liberou|pagou} um auxílio
sou da {central|agência} do banco
temos uma {vaga|chance} em casa

<amount> reais viram o {dobro|triplo} {amanhã|hoje}
pague <amount> reais de {taxa|multa}
ganhe <amount> reais {por dia|por tarefa}
restam <amount> {vagas|lugares}
<amount> pessoas já {entraram|receberam}
retire <amount> reais até {sexta|domingo}
lucro de <amount> por cento {garantido|certo}

sem {risco|experiência}
leva {um minuto|pouco tempo}
tudo {legal|seguro}
minha irmã {fez|ganhou} também
o banco {confirma|autoriza}
{responda|diga} sim
não {cobra|custa} nada

{clique|entre} <link>
{saiba mais|veja} <link>
{chame|ligue} <phone>
{confirme|resgate} em <link>
fale com {Bia|Léo} no <phone>
{cadastro|ficha} em <link>
{salve|anote} <phone>
"""
    ),
    "es": _slots(
        """
{Hola|Buenas}, {qué tal|cómo estás}
{Felicidades|Enhorabuena}
{Aviso|Nota} importante
{Hola mamá|Hola papá}, perdí el móvil
{Última|Segunda} llamada
{Buenos días|Buenas tardes} {vecino|amiga}
{Perdón|Disculpe}, es usted {Ana|don Luis}

su {paquete|envío} está {retenido|pendiente}
buscamos {gente|ayudantes} para {tareas|reseñas}
su número {ganó|salió} en el sorteo
tengo un grupo de {señales|oro}
su cuenta será {cerrada|bloqueada}
hay una {ayuda|beca} a su nombre
vendemos {relojes|teléfonos} sin uso

pague <amount> pesos de {aduana|envío}
gane <amount> pesos {al día|por hora}
quedan <amount> {plazas|cupos}
<amount> por ciento de {acierto|ganancia}
cobre <amount> pesos {hoy|ya}
<amount> socios {dentro|contentos}
bono de <amount> hasta el {lunes|viernes}

sin {riesgo|permanencia}
tarda {un minuto|nada}
todo {legal|verificado}
mi prima {cobró|entró} ya
el banco lo {avala|sabe}
{diga|escriba} sí
no {pedimos|hay} pago

{entre|mire} <link>
{datos|todo} en <link>
{llame|escriba} al <phone>
{confirme|reclame} en <link>
pregunte por {Eva|Raúl} <phone>
{ficha|registro} <link>
{guarde|apunte} <phone>
"""
    ),
    "id": _slots(
        """
{Halo|Hai} {kak|bunda}
{Selamat|Kabar baik}
{Penting|Mohon dibaca}
{Maaf|Permisi}, ini {Pak|Bu} {Budi|Sari}
{Peringatan|Panggilan} terakhir
{Selamat pagi|Selamat sore}
{Hai|Halo}, kita bertemu {kemarin|di pasar}

{pinjaman|dana} {cepat|mudah} tanpa jaminan
paket anda {tertahan|menunggu}
kami cari {admin|penguji} dari rumah
nomor anda {menang|terpilih}
gabung grup {saham|emas} kami
bantuan anda {cair|siap}
toko kami {tutup|pindah}, semua murah

<amount> juta cair {hari ini|besok}
bayar <amount> ribu untuk {bea|ongkir}
dapat <amount> ribu {per hari|per tugas}
sisa <amount> {tempat|kuota}
untung <amount> persen {sebulan|seminggu}
<amount> orang sudah {ikut|terima}
bonus <amount> ribu sampai {jumat|minggu}

tanpa {syarat|survei}
hanya {satu menit|sebentar}
{resmi|aman} dan terdaftar
kakak saya {juga|sudah}
bank {tahu|setuju}
balas {ya|mau}
tidak {bayar|antre}

{klik|buka} <link>
{info|rincian} <link>
hubungi <phone>
{klaim|cek} di <link>
tanya {Rina|Agus} <phone>
{daftar|isi} <link>
{simpan|catat} <phone>
"""
    ),
    "th": _slots(
        """
{สวัสดี|ดี}ค่ะ
ยินดีด้วย{นะ|จ้า}
แจ้งเตือน{ด่วน|สุดท้าย}
ขอโทษ{นะคะ|ครับ}ใช่คุณ{นก|ต้น}ไหม
โอกาส{ดี|สุดท้าย}
ข่าวดี{วันนี้|มาแล้ว}
{แม่|พ่อ}เครื่องหนูเสีย

{รับสมัคร|ต้องการ}คนทำงานที่บ้าน
พัสดุของคุณ{ค้าง|ตกค้าง}
เบอร์ของคุณ{ได้รางวัล|ถูกเลือก}
กลุ่มลงทุน{ทอง|หุ้น}ของเรา
บัญชีของคุณ{ถูกระงับ|มีปัญหา}
เงินกู้{ด่วน|ง่าย}ไม่ต้องค้ำ
ร้านเรา{ลดราคา|ปิดร้าน}ทุกชิ้น

รายได้วันละ<amount>บาท
ชำระ<amount>บาทค่า{ส่ง|ภาษี}
เหลือ<amount>{ที่|คน}สุดท้าย
กำไร<amount>เปอร์เซ็นต์{ต่อเดือน|แน่นอน}
รับ<amount>บาท{ทันที|วันนี้}
มี<amount>คน{สมัคร|ได้เงิน}แล้ว
โบนัส<amount>บาทถึง{ศุกร์|สิ้นเดือน}

ไม่ต้องมี{ประสบการณ์|เงินทุน}
ใช้เวลา{หนึ่งนาที|ไม่นาน}
{ถูกกฎหมาย|ปลอดภัย}
พี่สาวก็{ทำ|ได้}
ธนาคาร{ยืนยัน|รับรอง}
ตอบ{สนใจ|ตกลง}
ไม่มี{ค่าใช้จ่าย|ดอกเบี้ย}

{ทักเลย|กด}<link>
{ดู|อ่าน}ที่<link>
โทร<phone>
{ยืนยัน|รับ}ที่<link>
ถาม{พี่แอน|คุณโจ}<phone>
{ลงทะเบียน|กรอก}<link>
{แอด|บันทึก}<phone>
"""
    ),
}
