#pragma once

#include <zstd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fw::codec {

/// Numbers of parquet.thrift.
namespace parquet {
enum Type : std::int32_t { kInt64 = 2, kByteArray = 6 };
enum Encoding : std::int32_t { kPlain = 0, kRle = 3, kRleDictionary = 8 };
enum Codec : std::int32_t { kZstd = 6 };
}  // namespace parquet

/// What the footer says of a column's part of a row group. Sizes include the headers of pages.
struct ParquetChunk {
  std::int64_t values = 0;  ///< with those that are null
  std::int64_t nulls = 0;
  std::int64_t plain_size = 0;
  std::int64_t stored_size = 0;
  std::int64_t begins_at = 0;
  std::int64_t first_data_page_at = 0;
  bool has_dictionary = false;
};

/// Puts pages into the file and knows where it stands.
class ParquetPages final {
 public:
  explicit ParquetPages(std::function<Status(std::string_view)> sink);

  [[nodiscard]] std::int64_t offset() const { return offset_; }
  [[nodiscard]] Status write(std::string_view bytes);
  /// Both add what they write to the chunk's sizes.
  [[nodiscard]] Status write_dictionary(std::string_view body, std::size_t values, ParquetChunk& chunk);
  [[nodiscard]] Status write_data(std::string_view body, std::size_t values, parquet::Encoding encoding,
                                  ParquetChunk& chunk);

 private:
  struct FreeContext {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  [[nodiscard]] Status write_page(std::string_view body, std::size_t values, std::optional<parquet::Encoding> encoding,
                                  ParquetChunk& chunk);

  std::function<Status(std::string_view)> sink_;
  std::unique_ptr<ZSTD_CCtx, FreeContext> zstd_;
  std::string packed_;
  std::int64_t offset_ = 0;
};

/// The values of one column that wait for their row group to be written, with the levels that say where lists begin and
/// what is null. A level is below 256: schemas are a few fields deep.
class ParquetColumn final {
 public:
  ParquetColumn(parquet::Type type, int most_repetition, int most_definition)
      : type_(type), most_repetition_(most_repetition), most_definition_(most_definition) {}

  [[nodiscard]] std::size_t bytes() const { return values_.size() + repetition_.size() + definition_.size(); }

  void add_null(int repetition, int definition);
  void add(int repetition, std::string_view text);
  void add(int repetition, std::int64_t number);

  /// Writes what was added in pages of about `page` bytes that begin with a row, and is empty then.
  [[nodiscard]] Result<ParquetChunk> flush(ParquetPages& pages, std::size_t page);

 private:
  struct Dictionary {
    std::string entries;
    std::size_t size = 0;
    std::vector<std::uint32_t> indices;  ///< of every value that is not null
  };
  /// A part of the column, in levels and in what stands in values_.
  struct Part {
    std::size_t levels_from = 0, levels_to = 0, bytes_from = 0, bytes_to = 0, values_from = 0, values_to = 0;
  };

  [[nodiscard]] std::size_t value_size(std::size_t at) const;
  [[nodiscard]] std::optional<Dictionary> dictionary_that_pays() const;
  [[nodiscard]] Part next_part(const Part& before, bool in_dictionary, std::size_t page) const;
  [[nodiscard]] std::string levels(const Part& part) const;

  parquet::Type type_;
  int most_repetition_;
  int most_definition_;
  std::string values_;                    ///< PLAIN, without those that are null
  std::vector<std::uint8_t> repetition_;  ///< empty in a column that no list is above
  std::vector<std::uint8_t> definition_;
};

}  // namespace fw::codec
