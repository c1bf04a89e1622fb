"""Moodle's own words in some languages, in small letters: the headers of a grading worksheet, and yes and no.

A language that is missing here needs no entry where the column is recognised by what is in it; see `worksheet`.
"""

from __future__ import annotations

__all__ = ["CHANGEABLE_HEADERS", "FULL_NAME", "GRADE", "GROUP", "MAXIMUM", "NO", "SCALE_HEADERS", "YES"]

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
    "否",     "いいえ", "아니오",
})  # fmt: skip
