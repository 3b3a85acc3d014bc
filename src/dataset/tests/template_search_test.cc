// The search for templates against its definition (template.h), taken literally.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/hash.h"
#include "base/random.h"
#include "dataset/impl/template.h"

namespace fw::dataset {
namespace {

using Tokens = std::vector<std::uint32_t>;

std::uint64_t hash_of(const Tokens& tokens) {
  return hash64({reinterpret_cast<const char*>(tokens.data()), tokens.size() * sizeof(tokens[0])});
}

std::size_t words_in(std::span<const std::uint32_t> tokens) {
  return tokens.size() - static_cast<std::size_t>(std::ranges::count(tokens, kSlotToken));
}

/// The tokens with those of [begin, end) as one slot, which takes in the slots beside it.
Tokens framed(const Tokens& text, std::size_t begin, std::size_t end) {
  Tokens out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::uint32_t token = i >= begin && i < end ? kSlotToken : text[i];
    if (token != kSlotToken || out.empty() || out.back() != kSlotToken) out.push_back(token);
  }
  return out;
}

template <class Visit>
void each_frame(const Tokens& text, Visit visit) {
  for (std::size_t begin = 0; begin < text.size(); ++begin) {
    for (std::size_t size = 1; size <= 6 && begin + size <= text.size(); ++size) {
      const Tokens filling(text.begin() + static_cast<std::ptrdiff_t>(begin),
                           text.begin() + static_cast<std::ptrdiff_t>(begin + size));
      const std::size_t around = words_in(text) - words_in(filling);
      const bool is_allowed = (around >= 3 && around >= size) || (around == 2 && size <= 3);
      if (is_allowed) visit(framed(text, begin, begin + size), filling, around);
    }
  }
}

std::set<Tokens> plain_round(const std::set<Tokens>& texts, std::map<Tokens, Tokens>& now) {
  struct Frame {
    std::set<Tokens> fillings;
    bool between_two = false;
  };
  std::map<Tokens, Frame> frames;
  for (const Tokens& text : texts) {
    each_frame(text, [&](const Tokens& frame, const Tokens& filling, std::size_t around) {
      frames[frame].fillings.insert(filling);
      frames[frame].between_two = around == 2;
    });
  }
  std::map<Tokens, Tokens> becomes;
  for (const Tokens& text : texts) {
    std::size_t most = 0;
    std::size_t shortest = 0;
    each_frame(text, [&](const Tokens& frame, const Tokens& filling, std::size_t) {
      const Frame& found = frames.at(frame);
      const std::size_t count = found.fillings.size();
      if (count < (found.between_two ? 6u : 3u) || count < most || (count == most && filling.size() >= shortest))
        return;
      most = count;
      shortest = filling.size();
      becomes[text] = frame;
    });
  }
  std::set<Tokens> left;
  for (auto& [text, current] : now) {
    if (const auto found = becomes.find(current); found != becomes.end()) current = found->second;
    left.insert(current);
  }
  return left;
}

std::map<Tokens, Tokens> plain_templates(const std::set<Tokens>& texts) {
  std::map<Tokens, Tokens> now;
  for (const Tokens& text : texts) now[text] = text;
  plain_round(plain_round(texts, now), now);
  return now;
}

/// Texts of few words, so that beginnings, ends and frames meet, with slots anywhere.
std::set<Tokens> texts_of_few_words(Random& random, std::uint32_t words, std::size_t longest, double slots) {
  std::set<Tokens> texts;
  for (int i = 0; i < 60; ++i) {
    Tokens text;
    const std::size_t size = 1 + random.below(longest);
    while (text.size() < size) {
      const bool is_slot = random.below(1000) < static_cast<std::uint64_t>(slots * 1000);
      if (is_slot && !text.empty() && text.back() == kSlotToken) continue;
      text.push_back(is_slot ? kSlotToken : kSlotToken + 1 + static_cast<std::uint32_t>(random.below(words)));
    }
    texts.insert(text);
  }
  return texts;
}

Templates resolved(const std::set<Tokens>& texts) {
  Templates templates;
  for (const Tokens& text : texts) templates.add(hash_of(text), text);
  EXPECT_TRUE(templates.resolve(Deadline::never()).ok());
  return templates;
}

TEST(TemplateSearch, FindsWhatTheDefinitionSays) {
  Random random(5);
  std::size_t merged = 0;
  for (int round = 0; round < 120; ++round) {
    const auto words = static_cast<std::uint32_t>(1 + random.below(4));
    const auto texts = texts_of_few_words(random, words, 2 + random.below(9), 0.1 * double(random.below(6)));
    const Templates found = resolved(texts);
    for (const auto& [text, becomes] : plain_templates(texts)) {
      ASSERT_EQ(found.of(hash_of(text)), hash_of(becomes)) << "round " << round;
      merged += text != becomes;
    }
  }
  EXPECT_GT(merged, 1000U);
}

TEST(TemplateSearch, FindsWhatTheDefinitionSaysOfQuestionsWithSlotsAndNames) {
  static constexpr const char* kShapes[] = {"where is order @ID of @NAME please tell me today",
                                            "@ID and @ID are late again says @NAME",
                                            "does @NAME know that @NAME has @ID in stock", "@NAME wants @ID",
                                            "please write @NAME an invoice about the @NAME of last month"};
  static constexpr const char* kNames[] = {"anna", "bert", "cleo", "old dirk", "emma b", "my aunt"};
  Random random(6);
  std::set<Tokens> texts;
  for (int i = 0; i < 250; ++i) {
    std::string text = kShapes[random.below(std::size(kShapes))];
    for (auto at = text.find('@'); at != text.npos; at = text.find('@')) {
      const bool is_id = text[at + 1] == 'I';
      text.replace(at, is_id ? 3 : 5, is_id ? "A-" + std::to_string(i) : kNames[random.below(std::size(kNames))]);
    }
    texts.insert(mask_text(text).tokens);
  }
  const Templates found = resolved(texts);
  for (const auto& [text, becomes] : plain_templates(texts)) ASSERT_EQ(found.of(hash_of(text)), hash_of(becomes));
}

/// Two slots of many names: every text has frames in common with others.
Templates many_texts(std::uint32_t names) {
  Templates templates;
  for (std::uint32_t who = 0; who < names; ++who) {
    for (std::uint32_t what = 0; what < names; ++what) {
      const Tokens text{2, 3, 4, 100 + who, 5, 6, 7, 8, 9, 10'000 + what, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19};
      templates.add(hash_of(text), text);
    }
  }
  return templates;
}

TEST(TemplateSearch, EndsWithItsDeadline) {
  Templates templates = many_texts(200);
  const auto status = templates.resolve(Deadline::after(std::chrono::milliseconds(5)));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace fw::dataset
