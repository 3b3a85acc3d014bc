#include <algorithm>
#include <fstream>

#include "trainer/chat/chat_tokenizer.h"

namespace fw::trainer {
namespace {

constexpr std::size_t kLineLimit = 16 << 20;

void leave_out(RowSet& set, const std::string& reason, std::size_t line) {
  const auto known =
      std::find_if(set.left_out.begin(), set.left_out.end(), [&](const auto& r) { return r.text == reason; });
  if (known == set.left_out.end()) {
    set.left_out.push_back({reason, 1, line});
  } else {
    ++known->count;
  }
}

}  // namespace

std::size_t RowSet::left_out_count() const {
  std::size_t count = 0;
  for (const auto& reason : left_out) count += reason.count;
  return count;
}

Result<RowSet> read_rows(const std::filesystem::path& file, ChatTokenizer& tokenizer, std::int64_t longest) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return not_found("rows " + file.string() + " cannot be opened");
  RowSet set;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (line.size() > kLineLimit) {
      leave_out(set, "longer than 16 MiB", number);
      continue;
    }
    auto row = tokenizer.encode(line);
    if (!row.ok() && row.error().code == ErrorCode::kFailedPrecondition)
      return row.error().within(file.string() + " line " + std::to_string(number));
    if (!row.ok()) {
      leave_out(set, row.error().message, number);
    } else if (static_cast<std::int64_t>(row->tokens.size()) > longest) {
      leave_out(set, "longer than max_seq_length of " + std::to_string(longest) + " tokens", number);
    } else {
      set.rows.push_back(std::move(row).value());
      set.lines.push_back(number);
    }
  }
  if (in.bad()) return data_loss("rows " + file.string() + " cannot be read to the end");
  if (!set.rows.empty()) return set;
  const std::string why = set.left_out.empty() ? "it is empty" : "the first reason: " + set.left_out.front().text;
  return invalid_argument("rows " + file.string() + " hold none to train on (" + why + ")");
}

}  // namespace fw::trainer
