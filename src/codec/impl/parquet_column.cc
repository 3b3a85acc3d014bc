#include "codec/impl/parquet_column.h"

#include <zlib.h>

#include <algorithm>
#include <unordered_map>

#include "codec/impl/parquet_levels.h"
#include "codec/impl/thrift_compact.h"

namespace fw::codec {
namespace {

constexpr int kCompressionLevel = 3;                // zstd's own default
constexpr std::size_t kMostDictionary = 1U << 20U;  // bytes; readers hold it whole
constexpr std::size_t kMostPage =
    (std::size_t{2} << 30U) - (1U << 24U);  // sizes have 31 bits; what zstd cannot pack grows a little
constexpr std::size_t kIndexBytes = 4;      // at most, of a value that is in the dictionary

template <class Number>
void append_little_endian(std::string& out, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i)
    out += static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i));
}

void append_with_length(std::string& out, std::string_view bytes) {
  append_little_endian(out, static_cast<std::uint32_t>(bytes.size()));
  out += bytes;
}

std::string encode_levels(std::span<const std::uint8_t> levels, int most) {
  const std::vector<std::uint32_t> wide(levels.begin(), levels.end());
  return encode_hybrid(wide, bits_for(static_cast<std::uint32_t>(most)));
}

}  // namespace

ParquetPages::ParquetPages(std::function<Status(std::string_view)> sink)
    : sink_(std::move(sink)), zstd_(ZSTD_createCCtx()) {}

Status ParquetPages::write(std::string_view bytes) {
  FW_TRY(sink_(bytes));
  offset_ += static_cast<std::int64_t>(bytes.size());
  return {};
}

Status ParquetPages::write_dictionary(std::string_view body, std::size_t values, ParquetChunk& chunk) {
  return write_page(body, values, std::nullopt, chunk);
}

Status ParquetPages::write_data(std::string_view body, std::size_t values, parquet::Encoding encoding,
                                ParquetChunk& chunk) {
  return write_page(body, values, encoding, chunk);
}

/// A dictionary page has no encoding of its own: it is PLAIN.
Status ParquetPages::write_page(std::string_view body, std::size_t values, std::optional<parquet::Encoding> encoding,
                                ParquetChunk& chunk) {
  enum PageType : std::int32_t { kData = 0, kDictionary = 2 };
  if (body.size() > kMostPage) {
    return too_large("a page of " + std::to_string(body.size()) + " bytes; Parquet's pages hold two gigabytes");
  }
  packed_.resize(ZSTD_compressBound(body.size()));
  const std::size_t size =
      ZSTD_compressCCtx(zstd_.get(), packed_.data(), packed_.size(), body.data(), body.size(), kCompressionLevel);
  if (ZSTD_isError(size) != 0) return internal(std::string("zstd: ") + ZSTD_getErrorName(size));
  packed_.resize(size);
  ThriftCompactWriter header;
  header.i32(1, encoding ? kData : kDictionary);
  header.i32(2, static_cast<std::int32_t>(body.size()));
  header.i32(3, static_cast<std::int32_t>(size));
  header.i32(4, static_cast<std::int32_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(packed_.data()), size)));
  header.begin_struct(encoding ? 5 : 7);
  header.i32(1, static_cast<std::int32_t>(values));
  header.i32(2, encoding.value_or(parquet::kPlain));
  if (encoding) {
    header.i32(3, parquet::kRle);
    header.i32(4, parquet::kRle);
  }
  header.end_struct();
  const std::string head = std::move(header).finish();
  chunk.plain_size += static_cast<std::int64_t>(head.size() + body.size());
  chunk.stored_size += static_cast<std::int64_t>(head.size() + size);
  FW_TRY(write(head));
  return write(packed_);
}

void ParquetColumn::add_null(int repetition, int definition) {
  if (most_repetition_ > 0) repetition_.push_back(static_cast<std::uint8_t>(repetition));
  definition_.push_back(static_cast<std::uint8_t>(definition));
}

void ParquetColumn::add(int repetition, std::string_view text) {
  add_null(repetition, most_definition_);
  append_with_length(values_, text);
}

void ParquetColumn::add(int repetition, std::int64_t number) {
  add_null(repetition, most_definition_);
  append_little_endian(values_, number);
}

std::size_t ParquetColumn::value_size(std::size_t at) const {
  if (type_ == parquet::kInt64) return sizeof(std::int64_t);
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < sizeof length; ++i) {
    length |= static_cast<std::uint32_t>(static_cast<unsigned char>(values_[at + i])) << (8 * i);
  }
  return sizeof length + length;
}

std::optional<ParquetColumn::Dictionary> ParquetColumn::dictionary_that_pays() const {
  const std::size_t most = std::min(kMostDictionary, values_.size() / 2);
  Dictionary out;
  std::unordered_map<std::string_view, std::uint32_t> known;
  for (std::size_t at = 0; at < values_.size();) {
    const std::string_view value(values_.data() + at, value_size(at));
    const auto [entry, is_new] = known.try_emplace(value, static_cast<std::uint32_t>(out.size));
    if (is_new) {
      out.entries += value;
      ++out.size;
      if (out.entries.size() > most) return std::nullopt;
    }
    out.indices.push_back(entry->second);
    at += value.size();
  }
  if (out.size == 0) return std::nullopt;
  return out;
}

ParquetColumn::Part ParquetColumn::next_part(const Part& before, bool in_dictionary, std::size_t page) const {
  Part part{before.levels_to, before.levels_to, before.bytes_to, before.bytes_to, before.values_to, before.values_to};
  for (std::size_t cost = 0; part.levels_to < definition_.size(); ++part.levels_to) {
    const bool begins_row = most_repetition_ == 0 || repetition_[part.levels_to] == 0;
    if (begins_row && cost > 0 && cost >= page) break;
    ++cost;
    if (definition_[part.levels_to] != most_definition_) continue;
    const std::size_t size = value_size(part.bytes_to);
    part.bytes_to += size;
    ++part.values_to;
    cost += in_dictionary ? kIndexBytes : size;
  }
  return part;
}

std::string ParquetColumn::levels(const Part& part) const {
  const std::size_t count = part.levels_to - part.levels_from;
  std::string out;
  if (most_repetition_ > 0) {
    append_with_length(out, encode_levels(std::span(repetition_).subspan(part.levels_from, count), most_repetition_));
  }
  append_with_length(out, encode_levels(std::span(definition_).subspan(part.levels_from, count), most_definition_));
  return out;
}

Result<ParquetChunk> ParquetColumn::flush(ParquetPages& pages, std::size_t page) {
  ParquetChunk chunk;
  chunk.begins_at = pages.offset();
  chunk.values = static_cast<std::int64_t>(definition_.size());
  chunk.nulls = chunk.values - std::ranges::count(definition_, most_definition_);
  const auto dictionary = dictionary_that_pays();
  chunk.has_dictionary = dictionary.has_value();
  if (dictionary) FW_TRY(pages.write_dictionary(dictionary->entries, dictionary->size, chunk));
  chunk.first_data_page_at = pages.offset();
  for (Part part; part.levels_to < definition_.size();) {
    part = next_part(part, chunk.has_dictionary, page);
    std::string body = levels(part);
    if (dictionary) {
      const int width = bits_for(static_cast<std::uint32_t>(dictionary->size - 1));
      body += static_cast<char>(width);
      body += encode_hybrid(std::span(dictionary->indices).subspan(part.values_from, part.values_to - part.values_from),
                            width);
    } else {
      body.append(values_, part.bytes_from, part.bytes_to - part.bytes_from);
    }
    FW_TRY(pages.write_data(body, part.levels_to - part.levels_from,
                            chunk.has_dictionary ? parquet::kRleDictionary : parquet::kPlain, chunk));
  }
  values_.clear();
  repetition_.clear();
  definition_.clear();
  return chunk;
}

}  // namespace fw::codec
