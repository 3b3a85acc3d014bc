#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fw::modelfile::testing {

/// Puts GGUF files together byte by byte, right ones and wrong ones; knows nothing of the reader and the writer.
class GgufBytes {
 public:
  GgufBytes(std::uint32_t version, std::uint64_t tensors, std::uint64_t keys) {
    raw("GGUF").u32(version).u64(tensors).u64(keys);
  }

  GgufBytes& raw(std::string_view bytes) { return bytes_ += bytes, *this; }
  GgufBytes& u32(std::uint32_t value) { return raw({reinterpret_cast<const char*>(&value), 4}); }
  GgufBytes& u64(std::uint64_t value) { return raw({reinterpret_cast<const char*>(&value), 8}); }
  GgufBytes& text(std::string_view value) { return u64(value.size()).raw(value); }

  GgufBytes& key_u32(std::string_view key, std::uint32_t value) { return text(key).u32(4).u32(value); }
  GgufBytes& key_text(std::string_view key, std::string_view value) { return text(key).u32(8).text(value); }
  /// The head of an array; its elements follow.
  GgufBytes& key_array(std::string_view key, std::uint32_t type, std::uint64_t count) {
    return text(key).u32(9).u32(type).u64(count);
  }
  /// A tensor of one dimension.
  GgufBytes& tensor(std::string_view name, std::uint64_t size, std::uint32_t type, std::uint64_t offset) {
    return text(name).u32(1).u64(size).u32(type).u64(offset);
  }
  GgufBytes& padded(std::size_t alignment = 32) {
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment);
    return *this;
  }

  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// A file with every kind of value and two tensors, 8 floats and one block of Q8_0.
[[nodiscard]] inline std::string small_file(std::uint32_t version = 3) {
  GgufBytes file(version, 2, 6);
  file.key_text("general.architecture", "llama");
  file.key_u32("llama.block_count", 2);
  file.text("llama.rope.freq_base").u32(6).u32(0x3f800000);
  file.text("tokenizer.ggml.add_bos_token").u32(7).raw(std::string_view("\1", 1));
  file.key_array("tokenizer.ggml.tokens", 8, 3).text("a").text("").text("bcd");
  file.key_array("llama.attention.head_count", 5, 2).u32(3).u32(9);
  file.tensor("token_embd.weight", 8, 0, 0);
  file.tensor("blk.0.attn_q.weight", 32, 8, 32);
  return file.padded().raw(std::string(32, 'e')).raw(std::string(34, 'q')).bytes();
}

}  // namespace fw::modelfile::testing
