#include "dataset/impl/refusals.h"

#include <algorithm>
#include <array>
#include <string>

namespace fw::dataset {
namespace {

constexpr std::size_t kMostBytes = 600;  // longer texts say something beside

/// Said first, and again: "Sorry, I apologize, but ...".
constexpr auto kApologies = std::to_array<std::string_view>({"i'm sorry",
                                                             "i am sorry",
                                                             "i'm really sorry",
                                                             "i'm so sorry",
                                                             "i'm very sorry",
                                                             "sorry",
                                                             "i apologize",
                                                             "my apologies",
                                                             "apologies",
                                                             "unfortunately",
                                                             "i'm afraid",
                                                             "but",
                                                             "however",
                                                             "es tut mir leid",
                                                             "tut mir leid",
                                                             "leider",
                                                             "aber",
                                                             "je suis désolé",
                                                             "je suis désolée",
                                                             "désolé",
                                                             "mais",
                                                             "lo siento",
                                                             "pero",
                                                             "desculpe",
                                                             "sinto muito",
                                                             "mas",
                                                             "mi dispiace",
                                                             "ma",
                                                             "对不起",
                                                             "很抱歉",
                                                             "抱歉"});

/// What a model says of itself; any words may follow, a negation among them: an agent may introduce itself so.
constexpr auto kOfItself = std::to_array<std::string_view>({"as an ai",
                                                            "as a language model",
                                                            "as a large language model",
                                                            "i'm just an ai",
                                                            "i am just an ai",
                                                            "i'm an ai language model",
                                                            "i am an ai language model",
                                                            "als ki",
                                                            "als sprachmodell",
                                                            "als künstliche intelligenz",
                                                            "en tant qu'ia",
                                                            "en tant qu'assistant ia",
                                                            "en tant que modèle de langage",
                                                            "como modelo de lenguaje",
                                                            "como ia",
                                                            "como una ia",
                                                            "como inteligencia artificial",
                                                            "como modelo de linguagem",
                                                            "como uma ia",
                                                            "come modello linguistico",
                                                            "in quanto ia",
                                                            "作为一个人工智能",
                                                            "作为一个ai",
                                                            "作为ai",
                                                            "作为一名ai",
                                                            "作为人工智能"});

constexpr auto kNegations = std::to_array<std::string_view>(
    {"not", "n't", "unable", "don't", " no ", "nicht", "kein", " ne ", " n'", "não", "non ", "不", "没", "无法"});

/// Whole sentences: nothing follows but their end.
constexpr auto kSentences = std::to_array<std::string_view>({"dabei kann ich ihnen nicht helfen",
                                                             "dabei kann ich dir nicht helfen",
                                                             "dabei kann ich nicht helfen",
                                                             "ich kann ihnen dabei nicht helfen",
                                                             "ich kann dir dabei nicht helfen",
                                                             "ich kann dabei nicht helfen",
                                                             "je ne peux pas vous aider avec cela",
                                                             "je ne peux pas vous aider à ce sujet",
                                                             "je ne peux pas t'aider avec ça",
                                                             "je ne peux pas répondre à cette demande",
                                                             "no puedo ayudarte con eso",
                                                             "no puedo ayudarle con eso",
                                                             "no puedo ayudar con eso",
                                                             "não posso ajudar com isso",
                                                             "não posso ajudá-lo com isso",
                                                             "non posso aiutarti con questo",
                                                             "我无法提供帮助",
                                                             "我无法协助",
                                                             "申し訳ありませんが、お手伝いできません",
                                                             "죄송하지만 도와드릴 수 없습니다"});

constexpr auto kCannot =
    std::to_array<std::string_view>({"i can't ", "i cannot ", "i can not ", "i'm unable to ", "i am unable to ",
                                     "i'm not able to ", "i am not able to ", "i won't ", "i will not ",
                                     "i must decline to ", "i won't be able to ", "i will not be able to "});
constexpr auto kHelp =
    std::to_array<std::string_view>({"help with ", "assist with ", "help you with ", "assist you with ", "fulfill ",
                                     "fulfil ", "comply with ", "answer ", "complete ", "engage with "});
constexpr auto kThat = std::to_array<std::string_view>(
    {"that request", "this request", "your request", "that question", "this question", "that", "this", "it"});

/// In small letters of ASCII, with straight apostrophes, single spaces and without margins.
std::string plain(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (text.substr(i).starts_with("\u2019")) {
      c = '\'';
      i += std::string_view("\u2019").size() - 1;
    }
    if (std::string_view(" \t\r\n*_").find(c) != std::string_view::npos) {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else {
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return out;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || c == '\''; }

/// Nothing of a word goes on behind `size` bytes.
bool is_word_end(std::string_view text, std::size_t size) { return text.size() <= size || !is_letter(text[size]); }

/// Takes the first of `words` that `text` begins with off it; false where there is none.
bool take(std::string_view& text, const auto& words) {
  const auto found = std::ranges::find_if(words, [&](std::string_view word) { return text.starts_with(word); });
  if (found == words.end()) return false;
  text.remove_prefix(found->size());
  return true;
}

void skip_apologies(std::string_view& text) {
  constexpr auto kSigns =
      std::to_array<std::string_view>({" ", ",", ".", "!", ";", "-", "\u2014", "\uff0c", "\u3002", "\uff01"});
  while (true) {
    const auto apology = std::ranges::find_if(
        kApologies, [&](std::string_view word) { return text.starts_with(word) && is_word_end(text, word.size()); });
    if (apology == kApologies.end()) return;
    text.remove_prefix(apology->size());
    while (take(text, kSigns)) {
    }
  }
}

bool ends_sentence(std::string_view rest) {
  constexpr auto kEnds =
      std::to_array<std::string_view>({".", ",", "!", ";", ":", " as an ai", " because", "\u3002", "\uff0c", "\uff01"});
  return rest.find_first_not_of(' ') == std::string_view::npos || take(rest, kEnds);
}

bool says_no(std::string_view text) {
  return std::ranges::any_of(kNegations, [&](std::string_view no) { return text.find(no) != std::string_view::npos; });
}

}  // namespace

bool reads_like_refusal(std::string_view text) {
  if (text.size() > kMostBytes) return false;
  const std::string whole = plain(text);
  std::string_view rest = whole;
  if (take(rest, kSentences) && ends_sentence(rest)) return true;
  rest = whole;
  skip_apologies(rest);
  const std::string_view said = rest;
  if (take(rest, kOfItself)) return is_word_end(rest, 0) && says_no(rest);
  rest = said;
  if (take(rest, kSentences)) return ends_sentence(rest);
  rest = said;
  return take(rest, kCannot) && take(rest, kHelp) && take(rest, kThat) && ends_sentence(rest);
}

}  // namespace fw::dataset
