"""Moodle's own words in some languages, in small letters: the headers of a grading worksheet, and yes and no.

A language that is missing here needs no entry where the column is recognised by what is in it; see `worksheet`.
"""

from __future__ import annotations

__all__ = ["CHANGEABLE_HEADERS", "FULL_NAME", "GRADE", "GROUP", "IDENTITIES", "MAXIMUM", "NO", "SCALE_HEADERS", "YES"]

FULL_NAME = frozenset({
    "full name", "vollständiger name", "nom complet", "nombre completo", "nome completo", "volledige naam",
    "pełna nazwa", "imię i nazwisko", "полное имя", "שם מלא", "الاسم الكامل", "fullständigt namn", "koko nimi",
    "fulde navn", "fullt navn", "celé jméno", "teljes név", "ad\u0131 soyad\u0131", "全名", "フルネーム", "성명",
    "nom", "nombre", "nome", "name", "cognome / nome", "nombre / apellido(s)", "vorname / nachname",
    "first name / last name",
})  # fmt: skip

GRADE = frozenset({
    "grade", "bewertung", "note", "calificación", "nota", "valutazione", "cijfer", "beoordeling", "ocena", "оценка",
    "ציון", "الدرجة", "درجة", "betyg", "arvosana", "karakter", "známka", "osztályzat", "pont", "not", "成绩", "成績",
    "評点", "评分", "성적", "avaliação", "punkte",
})  # fmt: skip

IDENTITIES = frozenset({
    "email address", "email", "e-mail", "e-mail address", "e-mails", "mail", "e-mail-adresse", "e-mailadresse",
    "e-mailadres", "adresse de courriel", "adresse électronique", "courriel", "adresse e-mail", "adresse email",
    "dirección de correo", "correo electrónico", "correo", "dirección email", "dirección de correo electrónico",
    "endereço de e-mail", "endereço de email", "correio eletrónico", "indirizzo email", "indirizzo e-mail",
    "adres e-mail", "adres email", "adres poczty elektronicznej", "адрес электронной почты", "эл. почта",
    "דואר אלקטרוני", "כתובת דואר אלקטרוני", "כתובת דוא\"ל", "عنوان البريد الإلكتروني", "البريد الإلكتروني",
    "e-postadress", "e-post", "epost", "e-postadresse", "sähköpostiosoite", "sähköposti", "e-mailová adresa",
    "e-mail cím", "e-mail-cím", "email cím", "e-posta adresi", "e-posta", "helbide elektronikoa", "电子邮件地址",
    "电邮地址", "メールアドレス", "이메일", "이메일 주소",
    "username", "user name", "login", "anmeldename", "benutzername", "nom d'utilisateur", "nom d\u2019utilisateur",
    "nombre de usuario", "usuario", "nome de utilizador", "identificação de usuário", "nome de usuário",
    "nome utente", "username (login)", "gebruikersnaam", "nazwa użytkownika", "логин", "имя пользователя", "שם משתמש",
    "اسم المستخدم", "användarnamn", "käyttäjätunnus", "brugernavn", "brukernavn", "uživatelské jméno",
    "felhasználónév", "kullan\u0131c\u0131 ad\u0131", "erabiltzaile-izena", "用户名", "ユーザ名", "사용자 아이디",
    "id number", "student id", "student number", "sid", "matrikelnummer", "matriculation number", "id-nummer",
    "numéro d'identification", "numéro d\u2019identification", "número de id", "número de identificação", "numero id",
    "numero di matricola", "matricola", "matrícula", "numer id", "numer albumu", "индивидуальный номер", "מספר זהות",
    "מספר זיהוי", "رقم التعريف", "رقم الهوية", "id-numero", "opiskelijanumero", "identifikační číslo",
    "azonosító szám", "kimlik numaras\u0131", "id zenbakia", "学号", "idナンバー", "학번",
})  # fmt: skip
"""Headers of e-mail addresses, user names and numbers of students, whose cells say whose line it is."""

MAXIMUM = frozenset({
    "maximum grade", "max grade", "bestwertung", "höchstbewertung", "note maximale", "calificación máxima",
    "puntuación máxima", "nota máxima", "valutazione massima", "voto massimo", "maximumcijfer", "maximale beoordeling",
    "ocena maksymalna", "maksymalna ocena", "максимальная оценка", "ציון מירבי", "ציון מרבי",
    "الدرجة العظمى", "الدرجة القصوى",
    "maxbetyg", "maksimiarvosana", "maksimal karakter", "maksimumkarakter", "nejvyšší známka", "maximális pontszám",
    "en yüksek not", "最高分", "最大成绩", "最大評点", "최고 성적",
})  # fmt: skip

SCALE_HEADERS = frozenset({
    "scale", "skala", "bewertungsskala", "barème", "escala", "scala", "schaal", "шкала", "סולם", "סולם הערכה", "مقياس",
    "المقياس", "asteikko", "škála", "skála", "ölçek", "等级", "評価尺度",
})  # fmt: skip

CHANGEABLE_HEADERS = frozenset({
    "grade can be changed", "bewertung kann geändert werden", "la note peut être modifiée",
    "la calificación puede ser cambiada", "la calificación puede cambiarse", "se puede cambiar la calificación",
    "a nota pode ser alterada", "la valutazione può essere modificata", "cijfer kan gewijzigd worden",
    "ocenę można zmienić", "оценка может быть изменена", "ניתן לשנות את הציון", "הציון ניתן לשינוי",
    "يمكن تغيير الدرجة", "not değiştirilebilir", "kalifikazioa alda daiteke", "允许更改成绩", "betyget kan ändras",
})  # fmt: skip

GROUP = frozenset({
    "group", "gruppe", "groupe", "grupo", "gruppo", "groep", "grupa", "группа", "קבוצה", "المجموعة", "grupp", "ryhmä",
    "skupina", "csoport", "grup", "小组", "グループ", "모둠",
})  # fmt: skip

YES = frozenset({
    "yes", "ja", "oui", "sí", "si", "sì", "sim", "tak", "да", "כן", "نعم", "kyllä", "ano", "igen", "evet", "bai", "是",
    "はい", "예",
})  # fmt: skip

NO = frozenset({
    "no", "nein", "non", "não", "nee", "nie", "нет", "לא", "لا", "nej", "nei", "ei", "ne", "nem", "hay\u0131r", "ez",
    "否", "いいえ", "아니오",
})  # fmt: skip
