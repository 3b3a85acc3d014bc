#include "trainer/convert/sentencepiece.h"

#include <cstring>
#include <optional>

namespace fw::trainer {
namespace {

constexpr std::uint64_t kPieces = 1, kText = 1, kScore = 2, kType = 3;
constexpr std::int32_t kMostTypes = 6;

// A field of a message in protobuf's wire format.
struct Field {
  std::uint64_t number = 0;
  std::uint64_t value = 0;  ///< of a varint, or the bits of a fixed one
  std::string_view bytes;   ///< of a length-delimited one
};

class Message {
 public:
  explicit Message(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool is_done() const { return rest_.empty(); }
  // Nothing where the bytes are no field.
  std::optional<Field> next() {
    const auto tag = varint();
    if (!tag) return std::nullopt;
    Field field{.number = *tag >> 3};
    switch (*tag & 7) {
      case 0: {
        const auto value = varint();
        if (!value) return std::nullopt;
        field.value = *value;
        return field;
      }
      case 1: return fixed(field, 8);
      case 2: {
        const auto length = varint();
        if (!length || *length > rest_.size()) return std::nullopt;
        field.bytes = rest_.substr(0, *length);
        rest_.remove_prefix(*length);
        return field;
      }
      case 5: return fixed(field, 4);
      default: return std::nullopt;
    }
  }

 private:
  std::optional<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return std::nullopt;
  }
  std::optional<Field> fixed(Field field, std::size_t size) {
    if (rest_.size() < size) return std::nullopt;
    std::memcpy(&field.value, rest_.data(), size);
    rest_.remove_prefix(size);
    return field;
  }

  std::string_view rest_;
};

std::optional<Piece> parse_piece(std::string_view bytes) {
  Message message(bytes);
  Piece piece;
  while (!message.is_done()) {
    const auto field = message.next();
    if (!field) return std::nullopt;
    if (field->number == kText) piece.text = field->bytes;
    if (field->number == kScore) {
      const auto bits = static_cast<std::uint32_t>(field->value);
      std::memcpy(&piece.score, &bits, sizeof piece.score);
    }
    if (field->number == kType) piece.type = static_cast<std::int32_t>(field->value);
  }
  if (piece.type < 1 || piece.type > kMostTypes) return std::nullopt;
  return piece;
}

}  // namespace

Result<std::vector<Piece>> parse_sentencepiece(std::string_view bytes) {
  std::vector<Piece> pieces;
  Message message(bytes);
  while (!message.is_done()) {
    const auto field = message.next();
    if (!field) return data_loss("is no SentencePiece model, or a damaged one");
    if (field->number != kPieces) continue;
    auto piece = parse_piece(field->bytes);
    if (!piece) return data_loss("holds a damaged piece (number " + std::to_string(pieces.size()) + ")");
    pieces.push_back(*std::move(piece));
  }
  if (pieces.empty()) return data_loss("holds no pieces: it is no SentencePiece model");
  return pieces;
}

}  // namespace fw::trainer
