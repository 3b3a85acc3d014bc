"""Golden vectors of words in every script: ICU's word boundaries (Unicode's UAX #29 with dictionaries), uniseg's (UAX
#29 alone), and ROUGE over such words by rouge_score.

usage: unicode_words.py OUT      writes OUT/metrics/{unicode_words, rouge_unicode}.json
"""
import json
import pathlib
import sys
import unicodedata

import icu
from rouge_score import rouge_scorer
from uniseg.wordbreak import words as default_words

TEXTS = {
    "latin": ["The order ships on Monday.", "Café naïve, Zürich: déjà vu!", "Ærøskøbing ligger på øen Ærø.",
              "Çok güzel, İstanbul'da buluşalım.", "co-operate, 3.14 or 1,000.50? can't won't",
              "snake_case camelCase kebab-case v1.2.3", "mail ann@example.com or https://example.com/a?b=1",
              "Đặt vé đi Hà Nội ngày mai", "L'été dernier, qu'est-ce que c'était?",
              "tabs\tand\nlines\r\nend", "¿Qué? ¡Sí!"],
    "cyrillic": ["Где мой заказ номер 4711?", "Поезд прибывает в 10:30.", "Київ — столиця України, м'ята"],
    "greek": ["Πού είναι η παραγγελία μου;", "Η Αθήνα είναι πρωτεύουσα."],
    "arabic": ["أين طلبي رقم 4711؟", "مرحبا بالعالم", "الطقس اليوم ٢٥ درجة", "مُحَمَّدٌ كَتَبَ"],
    "hebrew": ["איפה ההזמנה שלי?", "צה״ל וארה״ב", "שָׁלוֹם עולם"],
    "devanagari": ["मेरा ऑर्डर कहाँ है?", "नमस्ते दुनिया", "आज १५ अगस्त है।"],
    "bengali": ["আমার অর্ডার কোথায়?"], "tamil": ["என் ஆர்டர் எங்கே?"], "georgian": ["სად არის ჩემი შეკვეთა?"],
    "armenian": ["Որտե՞ղ է իմ պատվերը"], "ethiopic": ["ትዕዛዜ የት ነው?"],
    "thai": ["คำสั่งซื้อของฉันอยู่ที่ไหน", "สวัสดีครับผมชื่อสมชาย", "อากาศวันนี้ 25 องศา"],
    "khmer": ["តើការបញ្ជាទិញរបស់ខ្ញុំនៅឯណា"], "lao": ["ສະບາຍດີ"],
    "chinese": ["我的订单在哪里?", "我喜欢学习中文。", "請問台北車站怎麼走", "订单4711已发货"],
    "japanese": ["私の注文はどこですか?", "東京タワーへ行きたいです。", "コンピューターを買う", "ひらがな"],
    "korean": ["제 주문은 어디에 있나요?", "한국어 문장입니다."],
    "emoji": ["👍", "👩‍👩‍👧 family 🇩🇪!", "done ✅ 100%", "🏳️‍🌈❤️", "1️⃣ first"],
    "mixed": ["Order 4711 для Анны in 東京", "iPhone15用ケース", "WiFi密码是abc123", "价格 $9.99 или 9,99 €", "Σχόλιο: OK 👍"],
    "none": ["", " ", "...", "— ! ?", "\u200b", "\ufeff"],
}

# (reference, candidate): equal, alike, in another order, without a word in common.
PAIRS = {
    "latin": [("Café naïve à Zürich", "café naïve à zürich"), ("L'été dernier à Paris", "L'été prochain à Paris"),
              ("déjà vu", "deja vu")],
    "cyrillic": [("Где мой заказ номер 4711?", "где мой заказ номер 4711"), ("Где мой заказ?", "Где твой новый заказ?"),
                 ("Поезд прибывает в десять", "Самолёт улетел вчера")],
    "greek": [("Πού είναι η παραγγελία μου;", "πού είναι η παραγγελία μου"),
              ("Η Αθήνα είναι πρωτεύουσα", "Η Αθήνα είναι ωραία")],
    "arabic": [("أين طلبي رقم 4711؟", "أين طلبي رقم 4711؟"), ("أين طلبي الجديد", "أين طلبي القديم"),
               ("مرحبا بالعالم", "banana")],
    "hebrew": [("איפה ההזמנה שלי?", "איפה ההזמנה שלי"), ("איפה ההזמנה שלי", "ההזמנה שלי איפה")],
    "devanagari": [("मेरा ऑर्डर कहाँ है?", "मेरा ऑर्डर कहाँ है?"), ("मेरा ऑर्डर कहाँ है", "मेरा पैसा कहाँ है")],
    "thai": [("สวัสดีครับผมชื่อสมชาย", "สวัสดีครับผมชื่อสมชาย"), ("สวัสดีครับผมชื่อสมชาย", "สวัสดีครับผมชื่อสมหญิง")],
    "chinese": [("我喜欢学习中文。", "我喜欢学习中文"), ("我喜欢学习中文", "我喜欢学习英文"), ("我的订单在哪里?", "banana banana banana")],
    "japanese": [("東京タワーへ行きたいです。", "東京タワーへ行きたいです"), ("東京タワーへ行きたい", "大阪城へ行きたい")],
    "korean": [("제 주문은 어디에 있나요?", "제 주문은 어디에 있나요?"), ("제 주문은 어디에 있나요?", "제 택배는 어디에 있나요?")],
    "emoji": [("done ✅", "done"), ("sehr gut 👍", "gut 👍")],
    "mixed": [("Order 4711 для Анны in 東京", "Order 4711 для Анны in 大阪"), ("WiFi密码是abc123", "WiFi密码是xyz789")],
    "none": [("", ""), ("Где заказ?", ""), ("", "Где заказ?"), ("...", "...")],
    "folded": [("STRASSE", "straße"), ("ΟΔΟΣ", "οδος"), ("İSTANBUL", "i\u0307stanbul")],
    "composed": [("Caf\u00e9 Z\u00fcrich", "Cafe\u0301 Zu\u0308rich"), ("ĝis", "g\u0302is")],
}


def segments(text):
    """ICU's segments of the root locale, each with its status: 0 no word, 100 number, 200 letters, 400 ideographs."""
    boundaries = icu.BreakIterator.createWordInstance(icu.Locale.getRoot())
    whole, begin, found = icu.UnicodeString(text), 0, []
    boundaries.setText(whole)
    for end in boundaries:
        found.append((str(whole[begin:end]), boundaries.getRuleStatus()))
        begin = end
    return found


def words(text):
    """Segments with letters, numbers or ideographs, composed (NFC) and with case folded."""
    found = (segment for segment, status in segments(unicodedata.normalize("NFC", text)) if status >= 100)
    return [unicodedata.normalize("NFC", word.casefold()) for word in found]


class Words:
    def tokenize(self, text):
        return words(text)


def word_cases():
    for script, texts in TEXTS.items():
        for text in texts:
            parts, statuses = zip(*segments(text)) if text else ((), ())
            assert "".join(parts) == text
            yield {"script": script, "text": text, "segments": parts, "statuses": statuses,
                   "words": words(text), "segments_without_dictionary": list(default_words(text))}


def rouge_cases():
    scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=Words())
    for script, pairs in PAIRS.items():
        for reference, candidate in pairs:
            scores = scorer.score(reference, candidate)
            yield {"script": script, "reference": reference, "candidate": candidate,
                   "reference_words": words(reference), "candidate_words": words(candidate),
                   **{name: {"precision": float(s.precision), "recall": float(s.recall), "f": float(s.fmeasure)}
                      for name, s in scores.items()}}


def main():
    for name, cases in (("unicode_words", list(word_cases())), ("rouge_unicode", list(rouge_cases()))):
        for number, case in enumerate(cases):
            case["name"] = f"{case['script']} {number}"
        lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
        path = pathlib.Path(sys.argv[1]) / "metrics" / f"{name}.json"
        path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
        print(name, len(cases))
    print("ICU", icu.ICU_VERSION, "Unicode", icu.UNICODE_VERSION)


if __name__ == "__main__":
    main()
