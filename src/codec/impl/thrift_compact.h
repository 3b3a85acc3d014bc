#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fw::codec {

/// An unsigned number in groups of seven bits, the lowest first (ULEB128).
void append_varint(std::string& out, std::uint64_t value);

/// Writes one structure in Thrift's compact protocol (apache/thrift, doc/specs/thrift-compact-protocol.md). Fields of a
/// structure come in rising order of their ids; every begin_struct() has its end_struct(). The outermost structure is
/// begun by the constructor and ended by finish().
class ThriftCompactWriter final {
 public:
  ThriftCompactWriter() : last_ids_{0} {}

  void i32(int id, std::int32_t value);
  void i64(int id, std::int64_t value);
  void text(int id, std::string_view value);
  void begin_struct(int id);
  void end_struct();
  /// The elements follow: list_i32, list_text, or begin_element() and end_struct() for each.
  void begin_list_of_structs(int id, std::size_t size) { begin_list(id, kStruct, size); }
  void begin_element() { last_ids_.push_back(0); }
  void list_i32(int id, const std::vector<std::int32_t>& values);
  void list_text(int id, const std::vector<std::string>& values);

  [[nodiscard]] std::string finish() &&;

 private:
  enum Type : std::uint8_t { kI32 = 5, kI64 = 6, kBinary = 8, kList = 9, kStruct = 12 };

  void field(int id, Type type);
  void begin_list(int id, Type elements, std::size_t size);
  void number(std::int64_t value);
  void bytes(std::string_view value);

  std::string out_;
  std::vector<int> last_ids_;  ///< of each open structure, the id of its last field
};

}  // namespace fw::codec
