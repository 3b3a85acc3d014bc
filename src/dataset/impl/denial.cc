#include "dataset/impl/denial.h"

#include <algorithm>
#include <array>
#include <string>

#include "codec/unicode_words.h"
#include "codec/utf8.h"
#include "dataset/impl/unspaced.h"

namespace fw::dataset {
namespace {

constexpr std::size_t kReadBytes = 240;
constexpr std::size_t kMostOpeners = 3;

enum class Says : std::uint8_t {
  kMisunderstood,  ///< denies the answer, whatever that was
  kWrong,          ///< does so unless the answer asked something
  kOwnFault,       ///< anywhere in the beginning: the answer was right for what had been said
  kOpener,         ///< may stand in front
  kWhole,          ///< as kWrong, where nothing follows; in front it is an opener
};

struct Wording {
  Says says;
  std::string_view text;  ///< as spoken() writes it; of scripts without spaces a beginning is enough
};

/// Not here, for what follows them is mostly a dispute about facts or rules, in which the answer was right: "that can't
/// be right", "there must be a mistake", "actually, I did".
constexpr std::array kWordings = std::to_array<Wording>({
    // English
    {Says::kOpener, "no"},
    {Says::kOpener, "nope"},
    {Says::kOpener, "wait"},
    {Says::kOpener, "hmm"},
    {Says::kOpener, "um"},
    {Says::kOpener, "uh"},
    {Says::kOpener, "oh"},
    {Says::kOpener, "but"},
    {Says::kOpener, "well"},
    {Says::kOpener, "actually"},
    {Says::kOpener, "i think"},
    {Says::kOpener, "im afraid"},
    {Says::kOpener, "thanks"},
    {Says::kOpener, "thank you"},
    {Says::kOpener, "wtf"},
    {Says::kMisunderstood, "not what i"},
    {Says::kMisunderstood, "thats not what i"},
    {Says::kMisunderstood, "that is not what i"},
    {Says::kMisunderstood, "that isnt what i"},
    {Says::kMisunderstood, "thats not what we"},
    {Says::kMisunderstood, "this is not what i"},
    {Says::kMisunderstood, "this isnt what i"},
    {Says::kMisunderstood, "its not what i"},
    {Says::kMisunderstood, "you misunderstood"},
    {Says::kMisunderstood, "you misunderstand"},
    {Says::kMisunderstood, "youve misunderstood"},
    {Says::kMisunderstood, "you have misunderstood"},
    {Says::kMisunderstood, "youre misunderstanding"},
    {Says::kMisunderstood, "you are misunderstanding"},
    {Says::kMisunderstood, "you got me wrong"},
    {Says::kMisunderstood, "you got it wrong"},
    {Says::kMisunderstood, "you got that wrong"},
    {Says::kMisunderstood, "theres a misunderstanding"},
    {Says::kMisunderstood, "there is a misunderstanding"},
    {Says::kMisunderstood, "there was a misunderstanding"},
    {Says::kMisunderstood, "theres been a misunderstanding"},
    {Says::kMisunderstood, "there has been a misunderstanding"},
    {Says::kMisunderstood, "there might be a misunderstanding"},
    {Says::kMisunderstood, "there may be a misunderstanding"},
    {Says::kMisunderstood, "there might have been a misunderstanding"},
    {Says::kMisunderstood, "there may have been a misunderstanding"},
    {Says::kMisunderstood, "there seems to be a misunderstanding"},
    {Says::kMisunderstood, "i didnt ask for"},
    {Says::kMisunderstood, "i did not ask for"},
    {Says::kMisunderstood, "i didnt ask you"},
    {Says::kMisunderstood, "i did not ask you"},
    {Says::kMisunderstood, "i never asked"},
    {Says::kWrong, "i meant"},
    {Says::kWrong, "no i mean"},
    {Says::kWrong, "no i said"},
    {Says::kWrong, "no i asked"},
    {Says::kWrong, "no i wanted"},
    {Says::kWrong, "thats wrong"},
    {Says::kWrong, "that is wrong"},
    {Says::kWrong, "that was wrong"},
    {Says::kWrong, "thats totally wrong"},
    {Says::kWrong, "thats completely wrong"},
    {Says::kWrong, "this is wrong"},
    {Says::kWrong, "its wrong"},
    {Says::kWrong, "thats incorrect"},
    {Says::kWrong, "that is incorrect"},
    {Says::kWrong, "this is incorrect"},
    {Says::kWrong, "thats not correct"},
    {Says::kWrong, "that is not correct"},
    {Says::kWrong, "thats the wrong"},
    {Says::kWrong, "that is the wrong"},
    {Says::kWrong, "thats not the one i"},
    {Says::kWrong, "wrong answer"},
    {Says::kWrong, "wrong one"},
    {Says::kWrong, "thats not right"},
    {Says::kWrong, "that is not right"},
    {Says::kWrong, "that isnt right"},
    {Says::kWrong, "that was not right"},
    {Says::kWrong, "that wasnt right"},
    {Says::kWrong, "this is not right"},
    {Says::kWrong, "this isnt right"},
    {Says::kWrong, "this is not correct"},
    {Says::kWrong, "this isnt correct"},
    {Says::kWrong, "that isnt correct"},
    {Says::kWrong, "its not correct"},
    {Says::kWrong, "that was incorrect"},
    {Says::kWrong, "its incorrect"},
    {Says::kWrong, "youre wrong"},
    {Says::kWrong, "you are wrong"},
    {Says::kWrong, "your answer is wrong"},
    {Says::kWrong, "your answer is incorrect"},
    {Says::kWrong, "your answer is not correct"},
    {Says::kWrong, "your answer was wrong"},
    {Says::kWrong, "the answer is wrong"},
    {Says::kWrong, "that was a wrong answer"},
    {Says::kWrong, "you made a mistake"},
    {Says::kWrong, "you made an error"},
    {Says::kWrong, "you booked the wrong"},
    {Says::kWrong, "you gave me the wrong"},
    {Says::kWrong, "you sent me the wrong"},
    {Says::kWrong, "you chose the wrong"},
    {Says::kWrong, "you picked the wrong"},
    {Says::kWrong, "you cancelled the wrong"},
    {Says::kWrong, "you canceled the wrong"},
    {Says::kWrong, "you changed the wrong"},
    {Says::kWrong, "you used the wrong"},
    {Says::kWrong, "you looked up the wrong"},
    {Says::kWrong, "you have the wrong"},
    {Says::kWrong, "you got the wrong"},
    {Says::kWrong, "no try again"},
    {Says::kWrong, "nope try again"},
    {Says::kWrong, "not that one"},
    {Says::kMisunderstood, "you didnt answer my question"},
    {Says::kMisunderstood, "you did not answer my question"},
    {Says::kMisunderstood, "thats not my question"},
    {Says::kMisunderstood, "that is not my question"},
    {Says::kWhole, "wrong"},
    {Says::kWhole, "incorrect"},
    {Says::kWhole, "not correct"},
    {Says::kWhole, "not right"},
    {Says::kWhole, "totally wrong"},
    {Says::kWhole, "completely wrong"},
    {Says::kOwnFault, "sorry"},
    {Says::kOwnFault, "apologies"},
    {Says::kOwnFault, "apologize"},
    {Says::kOwnFault, "my bad"},
    {Says::kOwnFault, "my mistake"},
    {Says::kOwnFault, "my fault"},
    {Says::kOwnFault, "misspoke"},
    {Says::kOwnFault, "typo"},
    // German
    {Says::kOpener, "nein"},
    {Says::kOpener, "nee"},
    {Says::kOpener, "aber"},
    {Says::kOpener, "moment"},
    {Says::kOpener, "halt"},
    {Says::kOpener, "hm"},
    {Says::kOpener, "also"},
    {Says::kMisunderstood, "das habe ich nicht gefragt"},
    {Says::kMisunderstood, "das habe ich nicht gesagt"},
    {Says::kMisunderstood, "das habe ich nicht gemeint"},
    {Says::kMisunderstood, "das hab ich nicht gefragt"},
    {Says::kMisunderstood, "das hab ich nicht gesagt"},
    {Says::kMisunderstood, "das hab ich nicht gemeint"},
    {Says::kMisunderstood, "das meinte ich nicht"},
    {Says::kMisunderstood, "das meine ich nicht"},
    {Says::kMisunderstood, "das war nicht meine frage"},
    {Says::kMisunderstood, "danach habe ich nicht gefragt"},
    {Says::kMisunderstood, "du hast mich falsch verstanden"},
    {Says::kMisunderstood, "sie haben mich falsch verstanden"},
    {Says::kMisunderstood, "du hast mich missverstanden"},
    {Says::kMisunderstood, "sie haben mich missverstanden"},
    {Says::kWrong, "ich meinte"},
    {Says::kWrong, "nein ich meine"},
    {Says::kWrong, "nein ich sagte"},
    {Says::kWrong, "nein ich habe gesagt"},
    {Says::kWrong, "nein ich wollte"},
    {Says::kWrong, "nein ich habe nach"},
    {Says::kWrong, "das ist falsch"},
    {Says::kWrong, "das war falsch"},
    {Says::kWrong, "das stimmt nicht"},
    {Says::kWrong, "das stimmt so nicht"},
    {Says::kWrong, "das ist nicht korrekt"},
    {Says::kWrong, "falsche antwort"},
    {Says::kWrong, "das ist nicht richtig"},
    {Says::kWrong, "das war nicht richtig"},
    {Says::kWrong, "das ist so nicht richtig"},
    {Says::kWrong, "das ist leider falsch"},
    {Says::kWrong, "das ist leider nicht richtig"},
    {Says::kWrong, "das ist inkorrekt"},
    {Says::kWrong, "deine antwort ist falsch"},
    {Says::kWrong, "ihre antwort ist falsch"},
    {Says::kWrong, "die antwort ist falsch"},
    {Says::kWrong, "das ist die falsche"},
    {Says::kWrong, "das ist der falsche"},
    {Says::kWrong, "das ist das falsche"},
    {Says::kWrong, "das war die falsche"},
    {Says::kWrong, "das war der falsche"},
    {Says::kWrong, "das war das falsche"},
    {Says::kWhole, "falsch"},
    {Says::kWhole, "stimmt nicht"},
    {Says::kWhole, "nicht richtig"},
    {Says::kOwnFault, "entschuldigung"},
    {Says::kOwnFault, "mein fehler"},
    {Says::kOwnFault, "verschrieben"},
    {Says::kOwnFault, "vertippt"},
    // Spanish
    {Says::kOpener, "pero"},
    {Says::kOpener, "espera"},
    {Says::kMisunderstood, "eso no es lo que"},
    {Says::kMisunderstood, "no es lo que"},
    {Says::kMisunderstood, "no te pregunte"},
    {Says::kMisunderstood, "no le pregunte"},
    {Says::kMisunderstood, "me entendiste mal"},
    {Says::kMisunderstood, "me has entendido mal"},
    {Says::kMisunderstood, "me entendio mal"},
    {Says::kMisunderstood, "me ha entendido mal"},
    {Says::kWrong, "me referia a"},
    {Says::kWrong, "quise decir"},
    {Says::kWrong, "queria decir"},
    {Says::kWrong, "eso esta mal"},
    {Says::kWrong, "eso es incorrecto"},
    {Says::kWrong, "respuesta incorrecta"},
    {Says::kWrong, "respuesta equivocada"},
    {Says::kWrong, "no es correcto"},
    {Says::kWrong, "no es correcta"},
    {Says::kWrong, "eso no es correcto"},
    {Says::kWrong, "esto no es correcto"},
    {Says::kWrong, "esta equivocado"},
    {Says::kWrong, "te equivocaste"},
    {Says::kWrong, "te has equivocado"},
    {Says::kWrong, "se equivoco"},
    {Says::kWrong, "se ha equivocado"},
    {Says::kWrong, "tu respuesta es incorrecta"},
    {Says::kWrong, "su respuesta es incorrecta"},
    {Says::kWhole, "incorrecto"},
    {Says::kWhole, "esta mal"},
    {Says::kOwnFault, "perdon"},
    {Says::kOwnFault, "disculpa"},
    {Says::kOwnFault, "mi error"},
    // French
    {Says::kOpener, "non"},
    {Says::kOpener, "mais"},
    {Says::kOpener, "attends"},
    {Says::kOpener, "attendez"},
    {Says::kMisunderstood, "ce nest pas ce que"},
    {Says::kMisunderstood, "cest pas ce que"},
    {Says::kMisunderstood, "ce nest pas ma question"},
    {Says::kMisunderstood, "tu mas mal compris"},
    {Says::kMisunderstood, "vous mavez mal compris"},
    {Says::kMisunderstood, "tu as mal compris"},
    {Says::kMisunderstood, "vous avez mal compris"},
    {Says::kWrong, "je voulais dire"},
    {Says::kWrong, "je parlais de"},
    {Says::kWrong, "non jai dit"},
    {Says::kWrong, "non jai demande"},
    {Says::kWrong, "non je voulais"},
    {Says::kWrong, "cest faux"},
    {Says::kWrong, "cest incorrect"},
    {Says::kWrong, "ce nest pas correct"},
    {Says::kWrong, "mauvaise reponse"},
    {Says::kWrong, "cest pas correct"},
    {Says::kWrong, "ce nest pas juste"},
    {Says::kWrong, "ce nest pas exact"},
    {Says::kWrong, "ta reponse est fausse"},
    {Says::kWrong, "votre reponse est fausse"},
    {Says::kWrong, "tu tes trompe"},
    {Says::kWrong, "vous vous etes trompe"},
    {Says::kWhole, "faux"},
    {Says::kWhole, "incorrect"},
    {Says::kOwnFault, "desole"},
    {Says::kOwnFault, "desolee"},
    {Says::kOwnFault, "pardon"},
    {Says::kOwnFault, "mon erreur"},
    // Portuguese
    {Says::kOpener, "nao"},
    {Says::kOpener, "mas"},
    {Says::kMisunderstood, "nao e o que eu"},
    {Says::kMisunderstood, "nao foi o que eu"},
    {Says::kMisunderstood, "nao foi isso que eu"},
    {Says::kMisunderstood, "isso nao e o que"},
    {Says::kMisunderstood, "voce entendeu errado"},
    {Says::kMisunderstood, "voce entendeu mal"},
    {Says::kMisunderstood, "voce me entendeu mal"},
    {Says::kWrong, "eu quis dizer"},
    {Says::kWrong, "quis dizer"},
    {Says::kWrong, "eu me referia"},
    {Says::kWrong, "nao eu disse"},
    {Says::kWrong, "nao eu pedi"},
    {Says::kWrong, "isso esta errado"},
    {Says::kWrong, "isso esta incorreto"},
    {Says::kWrong, "resposta errada"},
    {Says::kWrong, "nao esta correto"},
    {Says::kWrong, "isso nao esta correto"},
    {Says::kWrong, "isso nao esta certo"},
    {Says::kWrong, "nao esta certo"},
    {Says::kWrong, "voce errou"},
    {Says::kWrong, "sua resposta esta errada"},
    {Says::kWhole, "errado"},
    {Says::kWhole, "incorreto"},
    {Says::kOwnFault, "desculpe"},
    {Says::kOwnFault, "desculpa"},
    {Says::kOwnFault, "erro meu"},
    // Italian
    {Says::kOpener, "ma"},
    {Says::kOpener, "aspetta"},
    {Says::kMisunderstood, "non e quello che"},
    {Says::kMisunderstood, "non e cio che"},
    {Says::kMisunderstood, "hai capito male"},
    {Says::kMisunderstood, "ha capito male"},
    {Says::kMisunderstood, "mi hai frainteso"},
    {Says::kMisunderstood, "mi ha frainteso"},
    {Says::kWrong, "intendevo"},
    {Says::kWrong, "volevo dire"},
    {Says::kWrong, "no ho detto"},
    {Says::kWrong, "no ho chiesto"},
    {Says::kWrong, "e sbagliato"},
    {Says::kWrong, "questo e sbagliato"},
    {Says::kWrong, "risposta sbagliata"},
    {Says::kWrong, "non e corretto"},
    {Says::kWrong, "non e giusto"},
    {Says::kWrong, "questo non e corretto"},
    {Says::kWrong, "hai sbagliato"},
    {Says::kWrong, "ha sbagliato"},
    {Says::kWrong, "la tua risposta e sbagliata"},
    {Says::kWhole, "sbagliato"},
    {Says::kWhole, "errato"},
    {Says::kOwnFault, "scusa"},
    {Says::kOwnFault, "scusi"},
    {Says::kOwnFault, "errore mio"},
    // Dutch
    {Says::kOpener, "maar"},
    {Says::kOpener, "wacht"},
    {Says::kMisunderstood, "dat is niet wat ik"},
    {Says::kMisunderstood, "dat bedoel ik niet"},
    {Says::kMisunderstood, "dat bedoelde ik niet"},
    {Says::kMisunderstood, "je hebt me verkeerd begrepen"},
    {Says::kMisunderstood, "u hebt me verkeerd begrepen"},
    {Says::kMisunderstood, "u heeft me verkeerd begrepen"},
    {Says::kWrong, "ik bedoelde"},
    {Says::kWrong, "nee ik bedoel"},
    {Says::kWrong, "nee ik zei"},
    {Says::kWrong, "nee ik vroeg"},
    {Says::kWrong, "dat is fout"},
    {Says::kWrong, "dat is onjuist"},
    {Says::kWrong, "dat klopt niet"},
    {Says::kWrong, "fout antwoord"},
    {Says::kWrong, "dat is niet juist"},
    {Says::kWrong, "dat is niet correct"},
    {Says::kWrong, "dat is verkeerd"},
    {Says::kWrong, "je antwoord is fout"},
    {Says::kWrong, "uw antwoord is fout"},
    {Says::kWhole, "fout"},
    {Says::kWhole, "onjuist"},
    {Says::kOwnFault, "mijn fout"},
    // Russian
    {Says::kOpener, "нет"},
    {Says::kOpener, "но"},
    {Says::kMisunderstood, "это не то что я"},
    {Says::kMisunderstood, "я не это имел в виду"},
    {Says::kMisunderstood, "я не это имела в виду"},
    {Says::kMisunderstood, "я не об этом"},
    {Says::kMisunderstood, "вы меня не так поняли"},
    {Says::kMisunderstood, "ты меня не так понял"},
    {Says::kMisunderstood, "вы неправильно поняли"},
    {Says::kMisunderstood, "ты неправильно понял"},
    {Says::kWrong, "я имел в виду"},
    {Says::kWrong, "я имела в виду"},
    {Says::kWrong, "это неправильно"},
    {Says::kWrong, "это неверно"},
    {Says::kWrong, "неправильный ответ"},
    {Says::kWrong, "ты ошибся"},
    {Says::kWrong, "ты ошиблась"},
    {Says::kWrong, "вы ошиблись"},
    {Says::kWrong, "ответ неверный"},
    {Says::kWrong, "ответ неправильный"},
    {Says::kWhole, "неверно"},
    {Says::kWhole, "неправильно"},
    {Says::kOwnFault, "извините"},
    {Says::kOwnFault, "моя ошибка"},
    // Chinese
    {Says::kOpener, "不"},
    {Says::kOpener, "但是"},
    {Says::kMisunderstood, "我问的不是"},
    {Says::kMisunderstood, "我問的不是"},
    {Says::kMisunderstood, "不是我要的"},
    {Says::kMisunderstood, "这不是我要的"},
    {Says::kMisunderstood, "這不是我要的"},
    {Says::kMisunderstood, "不是这个意思"},
    {Says::kMisunderstood, "不是這個意思"},
    {Says::kMisunderstood, "我不是这个意思"},
    {Says::kMisunderstood, "我不是這個意思"},
    {Says::kMisunderstood, "你理解错"},
    {Says::kMisunderstood, "你理解錯"},
    {Says::kMisunderstood, "你误解"},
    {Says::kMisunderstood, "你誤解"},
    {Says::kWrong, "不对我"},
    {Says::kWrong, "不對我"},
    {Says::kWrong, "你错了"},
    {Says::kWrong, "你錯了"},
    {Says::kWrong, "这不对"},
    {Says::kWrong, "這不對"},
    {Says::kWrong, "你搞错"},
    {Says::kWrong, "你搞錯"},
    {Says::kWrong, "你弄错"},
    {Says::kWrong, "你弄錯"},
    {Says::kWhole, "不对"},
    {Says::kWhole, "不對"},
    {Says::kWhole, "错了"},
    {Says::kWhole, "錯了"},
    {Says::kWrong, "我的意思是"},
    {Says::kOwnFault, "抱歉"},
    {Says::kOwnFault, "对不起"},
    {Says::kOwnFault, "對不起"},
    {Says::kOwnFault, "我打错"},
    {Says::kOwnFault, "我打錯"},
    // Japanese
    {Says::kOpener, "いや"},
    {Says::kOpener, "いえ"},
    {Says::kOpener, "いいえ"},
    {Says::kMisunderstood, "そういう意味では"},
    {Says::kMisunderstood, "そういう意味じゃ"},
    {Says::kMisunderstood, "それは聞いて"},
    {Says::kMisunderstood, "聞きたいのはそれでは"},
    {Says::kWrong, "違います"},
    {Says::kWhole, "違う"},
    {Says::kWhole, "間違い"},
    {Says::kWrong, "間違っています"},
    {Says::kWrong, "それは間違い"},
    {Says::kWrong, "そうではなく"},
    {Says::kWrong, "そうじゃなく"},
    {Says::kOwnFault, "すみません"},
    {Says::kOwnFault, "ごめん"},
    {Says::kOwnFault, "間違えました"},
});

/// Of U+00C0 to U+00FF the letter beneath the accent.
char without_accent(unsigned char second) {
  constexpr std::string_view kLetters = "aaaaaaaceeeeiiiidnooooo ouuuuytsaaaaaaaceeeeiiiidnooooo ouuuuyty";
  return kLetters[second & 0x3Fu];
}

/// The beginning of a message in small letters without accents, one space between words and none around: apostrophes
/// fall out ("thats"), and within scripts without spaces marks too.
std::string spoken(std::string_view said) {
  const std::string text = folded(codec::utf8_prefix(said, kReadBytes));
  std::string out;
  bool is_apart = false;
  const auto add = [&](std::string_view letters) {
    if (is_apart && !out.empty()) out += ' ';
    is_apart = false;
    out += letters;
  };
  for (std::size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    std::size_t taken = 1;
    const auto rest = std::string_view(text).substr(at);
    if (c < 0x80) {
      const bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      if (is_letter) {
        add(rest.substr(0, 1));
      } else if (c != '\'') {
        is_apart = true;
      }
    } else if (c == 0xC3 && rest.size() > 1) {
      taken = 2;
      const char letter = without_accent(static_cast<unsigned char>(rest[1]));
      add({&letter, 1});
    } else if (c == 0xC2 && rest.size() > 1) {  // marks such as U+00BF, and U+00A0
      taken = 2;
      is_apart = true;
    } else {
      const Character character = beyond_ascii(text, at);
      taken = character.bytes;
      const bool is_apostrophe = rest.starts_with("’") || rest.starts_with("‘");
      if (character.kind == Beyond::kUnspaced) is_apart = false;
      if (character.kind != Beyond::kMark) add(rest.substr(0, taken));
      if (character.kind == Beyond::kMark && !is_apostrophe) is_apart = true;
    }
    at += taken;
  }
  return out;
}

bool is_unspaced(std::string_view wording) {
  return static_cast<unsigned char>(wording.front()) >= 0x80 && beyond_ascii(wording, 0).kind == Beyond::kUnspaced;
}

bool begins_with(std::string_view text, std::string_view wording) {
  return text.starts_with(wording) &&
         (text.size() == wording.size() || text[wording.size()] == ' ' || is_unspaced(wording));
}

bool takes_the_fault(std::string_view text) {
  return std::ranges::any_of(kWordings, [&](const Wording& wording) {
    if (wording.says != Says::kOwnFault) return false;
    for (std::size_t at = text.find(wording.text); at != text.npos; at = text.find(wording.text, at + 1)) {
      const bool is_word = at == 0 || text[at - 1] == ' ' || is_unspaced(wording.text);
      if (is_word && begins_with(text.substr(at), wording.text)) return true;
    }
    return false;
  });
}

bool asks(std::string_view answer) { return answer.find('?') != answer.npos || answer.find("？") != answer.npos; }

}  // namespace

bool denies(std::string_view answer, std::string_view said) {
  const std::string whole = spoken(said);
  std::string_view text = whole;
  const auto says = [&](Says what) {
    return std::ranges::find_if(
        kWordings, [&](const Wording& wording) { return wording.says == what && begins_with(text, wording.text); });
  };
  const auto is_wrong = [&] { return !asks(answer) && !takes_the_fault(whole); };
  for (std::size_t openers = 0; openers <= kMostOpeners; ++openers) {
    if (says(Says::kMisunderstood) != kWordings.end()) return true;
    if (says(Says::kWrong) != kWordings.end()) return is_wrong();
    const auto all = says(Says::kWhole);
    if (all != kWordings.end() && all->text.size() == text.size()) return is_wrong();
    auto opener = says(Says::kOpener);
    if (opener == kWordings.end()) opener = all;
    if (opener == kWordings.end()) return false;
    text.remove_prefix(opener->text.size());
    if (text.starts_with(' ')) text.remove_prefix(1);
  }
  return false;
}

}  // namespace fw::dataset
