// SPDX-License-Identifier: MIT
#include "card_json.h"

#include <cstdint>
#include <cstring>

namespace neuronbus {
namespace {

// ---- what a card may say ----------------------------------------------------------------------------------------------

// Bytes of the well-formed UTF-8 sequence at `at` (Unicode, table 3-7), or 0.
size_t sequence_at(const char* text, size_t length) {
  const auto byte = [&](size_t i) { return i < length ? static_cast<uint8_t>(text[i]) : uint8_t{0}; };
  const auto tail = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return tail(1) ? 2 : 0;
  if (lead < 0xF0) {
    const bool overlong = lead == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = lead == 0xED && byte(1) > 0x9F;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  const bool outside = (lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F) || lead > 0xF4;
  return tail(1) && tail(2) && tail(3) && !outside ? 4 : 0;
}

bool is_utf8(const char* text) {
  const size_t length = std::strlen(text);
  for (size_t i = 0, step; i < length; i += step) {
    step = sequence_at(text + i, length - i);
    if (step == 0) return false;
  }
  return true;
}

bool is_blank(const char* begin, const char* end) {
  for (; begin != end; begin++) {
    if (std::strchr(" \t\n\r\v\f", *begin) == nullptr) return false;
  }
  return true;
}

bool is_region(const char* region) {
  for (const char* segment = region;; segment++) {
    const char* end = segment + std::strcspn(segment, "/");
    if (is_blank(segment, end)) return false;
    if (*end == '\0') return true;
    segment = end;
  }
}

const char* list_fault(const char* const* items, uint32_t count, const char* fault) {
  if (count > 0 && items == nullptr) return fault;
  for (uint32_t i = 0; i < count; i++) {
    if (items[i] == nullptr || items[i][0] == '\0' || !is_utf8(items[i])) return fault;
  }
  return nullptr;
}

// ---- writing ----------------------------------------------------------------------------------------------------------

void write_string(std::string& out, const char* text) {
  static const char kHex[] = "0123456789abcdef";
  out += '"';
  for (; *text != '\0'; text++) {
    const auto byte = static_cast<uint8_t>(*text);
    if (byte == '"' || byte == '\\') {
      out += '\\';
      out += *text;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += *text;
    }
  }
  out += '"';
}

void write_list(std::string& out, const char* key, const char* const* items, uint32_t count) {
  out += ",\"";
  out += key;
  out += "\":[";
  for (uint32_t i = 0; i < count; i++) {
    if (i > 0) out += ',';
    write_string(out, items[i]);
  }
  out += ']';
}

// ---- reading ----------------------------------------------------------------------------------------------------------

class Reader {
 public:
  Reader(const char* text, size_t length) : at_(text), end_(text + length) {}

  bool card(Card* card) {
    skip_space();
    const bool read = members([&](const std::string& key) {
      if (key == "name") return string(&card->name);
      if (key == "description") return string(&card->description);
      if (key == "version") return string(&card->version);
      if (key == "capabilities") return list(&card->capabilities);
      if (key == "regions") return list(&card->regions);
      if (key == "tags") return list(&card->tags);
      return skip(1);
    });
    skip_space();
    return read && at_ == end_ && !card->name.empty();
  }

 private:
  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    at_++;
    return true;
  }

  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) at_++;
  }

  // { "key" : value , .. }, with `value` called behind each colon.
  template <typename Value>
  bool members(Value&& value) {
    if (!take('{')) return false;
    skip_space();
    if (take('}')) return true;
    std::string key;
    for (;;) {
      skip_space();
      if (!string(&key)) return false;
      skip_space();
      if (!take(':')) return false;
      skip_space();
      if (!value(key)) return false;
      skip_space();
      if (take('}')) return true;
      if (!take(',')) return false;
    }
  }

  // [ value , .. ]
  template <typename Value>
  bool elements(Value&& value) {
    if (!take('[')) return false;
    skip_space();
    if (take(']')) return true;
    for (;;) {
      skip_space();
      if (!value()) return false;
      skip_space();
      if (take(']')) return true;
      if (!take(',')) return false;
    }
  }

  bool list(std::vector<std::string>* out) {
    out->clear();
    return elements([&] {
      out->emplace_back();
      return string(&out->back()) && !out->back().empty();
    });
  }

  bool hex4(uint32_t* unit) {
    *unit = 0;
    for (int i = 0; i < 4; i++) {
      if (at_ == end_) return false;
      const char c = *at_++;
      const uint32_t digit = c >= '0' && c <= '9'   ? static_cast<uint32_t>(c - '0')
                             : c >= 'a' && c <= 'f' ? static_cast<uint32_t>(c - 'a' + 10)
                             : c >= 'A' && c <= 'F' ? static_cast<uint32_t>(c - 'A' + 10)
                                                    : 16;
      if (digit == 16) return false;
      *unit = *unit << 4 | digit;
    }
    return true;
  }

  // Behind "\u". Half a pair of surrogates becomes U+FFFD, as where JavaScript encodes one.
  bool unicode(std::string* out) {
    uint32_t code = 0;
    if (!hex4(&code)) return false;
    if (code >= 0xD800 && code < 0xDC00 && end_ - at_ >= 6 && at_[0] == '\\' && at_[1] == 'u') {
      const char* before = at_;
      uint32_t low = 0;
      at_ += 2;
      if (!hex4(&low)) return false;
      if (low >= 0xDC00 && low < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      } else {
        at_ = before;
      }
    }
    if (code >= 0xD800 && code < 0xE000) code = 0xFFFD;
    append(out, code);
    return true;
  }

  static void append(std::string* out, uint32_t code) {
    const auto put = [&](uint32_t byte) { *out += static_cast<char>(byte); };
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xC0 | code >> 6);
      put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      put(0xE0 | code >> 12);
      put(0x80 | (code >> 6 & 0x3F));
      put(0x80 | (code & 0x3F));
    } else {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3F));
      put(0x80 | (code >> 6 & 0x3F));
      put(0x80 | (code & 0x3F));
    }
  }

  bool escape(std::string* out) {
    if (at_ == end_) return false;
    static const char kNames[] = "\"\\/bfnrt";
    static const char kBytes[] = "\"\\/\b\f\n\r\t";
    const char c = *at_++;
    if (c == 'u') return unicode(out);
    const char* name = c == '\0' ? nullptr : std::strchr(kNames, c);
    if (name == nullptr) return false;
    *out += kBytes[name - kNames];
    return true;
  }

  bool string(std::string* out) {
    out->clear();
    if (!take('"')) return false;
    for (;;) {
      if (at_ == end_) return false;
      const auto byte = static_cast<uint8_t>(*at_);
      if (byte == '"') break;
      if (byte < 0x20) return false;
      if (byte == '\\') {
        at_++;
        if (!escape(out)) return false;
        continue;
      }
      const size_t step = sequence_at(at_, static_cast<size_t>(end_ - at_));
      if (step == 0) return false;
      out->append(at_, step);
      at_ += step;
    }
    at_++;
    return true;
  }

  bool digits() {
    const char* begin = at_;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') at_++;
    return at_ != begin;
  }

  bool number() {
    (void)take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (!take('e') && !take('E')) return true;
    if (!take('+')) (void)take('-');
    return digits();
  }

  bool word(const char* text) {
    const size_t length = std::strlen(text);
    if (static_cast<size_t>(end_ - at_) < length || std::memcmp(at_, text, length) != 0) return false;
    at_ += length;
    return true;
  }

  // Any value.
  bool skip(int depth) {
    if (depth > kCardDepth || at_ == end_) return false;
    std::string ignored;
    switch (*at_) {
      case '"': return string(&ignored);
      case '{': return members([&](const std::string&) { return skip(depth + 1); });
      case '[': return elements([&] { return skip(depth + 1); });
      case 't': return word("true");
      case 'f': return word("false");
      case 'n': return word("null");
      default: return number();
    }
  }

  const char* at_;
  const char* end_;
};

}  // namespace

const char* card_fault(const nb_card& card) {
  if (card.name == nullptr || is_blank(card.name, card.name + std::strlen(card.name))) return "card.name is empty";
  for (const char* text : {card.name, card.description, card.version}) {
    if (text != nullptr && !is_utf8(text)) return "card.name, description or version is not UTF-8";
  }
  const char* fault = list_fault(card.capabilities, card.capability_count, "card.capabilities has an item that is empty or not UTF-8");
  if (fault == nullptr) fault = list_fault(card.regions, card.region_count, "card.regions has an item that is empty or not UTF-8");
  if (fault == nullptr) fault = list_fault(card.tags, card.tag_count, "card.tags has an item that is empty or not UTF-8");
  if (fault != nullptr) return fault;
  for (uint32_t i = 0; i < card.region_count; i++) {
    if (!is_region(card.regions[i])) return "card.regions has a region with an empty segment";
  }
  return nullptr;
}

std::string write_error(const char* name, const char* message) {
  std::string out = "{\"name\":";
  write_string(out, name);
  out += ",\"message\":";
  write_string(out, message);
  return out + "}";
}

std::string write_card(const nb_card& card) {
  std::string out = "{\"name\":";
  write_string(out, card.name);
  out += ",\"description\":";
  write_string(out, card.description != nullptr ? card.description : "");
  out += ",\"version\":";
  write_string(out, card.version != nullptr ? card.version : "1.0.0");
  write_list(out, "capabilities", card.capabilities, card.capability_count);
  write_list(out, "regions", card.regions, card.region_count);
  write_list(out, "tags", card.tags, card.tag_count);
  out += '}';
  return out;
}

bool read_card(const char* text, size_t length, Card* card) {
  *card = Card{};
  return Reader(text, length).card(card);
}

}  // namespace neuronbus
