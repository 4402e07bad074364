// The reader and the writer of cards: what JavaScript writes, what nobody should write, and random damage.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "native/capi/card_json.h"

namespace {

int passed = 0;
int failed = 0;

void check(bool held, const std::string& what) {
  held ? passed++ : failed++;
  if (!held) std::fprintf(stderr, "FAIL %s\n", what.c_str());
}

// From memory that ends where the text does, so that AddressSanitizer sees a step beyond.
bool read(const std::string& text, neuronbus::Card* card) {
  const std::vector<char> exact(text.begin(), text.end());
  return neuronbus::read_card(exact.data(), exact.size(), card);
}

void valid() {
  neuronbus::Card card;
  check(read(R"({"name":"a","description":"","version":"1.0.0","capabilities":["x","y"],"regions":["r/s"],"tags":[]})", &card) &&
            card.name == "a" && card.version == "1.0.0" && card.capabilities == std::vector<std::string>{"x", "y"} &&
            card.regions == std::vector<std::string>{"r/s"} && card.tags.empty(),
        "what JavaScript writes");
  check(read(" \t\r\n{ \"tags\" : [ \"t\" , \"u\" ] , \"name\" : \"a\" } \n", &card) && card.tags.size() == 2, "white space");
  check(read(R"({"name":"\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83e\udde0"})", &card) &&
            card.name == "\"\\/\b\f\n\r\tA\xC3\xA9\xE2\x82\xAC\xF0\x9F\xA7\xA0",
        "escapes");
  check(read(R"({"name":"\ud83e.\udde0\ud83eA"})", &card) && card.name == "\xEF\xBF\xBD.\xEF\xBF\xBD\xEF\xBF\xBD" "A",
        "half pairs of surrogates");
  check(read(R"({"name":"a","x":{"y":[1,-2.5e+3,true,false,null,{"z":"w"}],"":""},"name":"b"})", &card) && card.name == "b",
        "unknown fields are skipped, the last of two wins");
}

void invalid() {
  const char* const texts[] = {
      "", "{", "{}", "[]", "null", "{\"name\":\"\"}", "{\"name\":1}", "{\"name\":\"a\"", "{\"name\":\"a\"}}", "{\"name\":\"a\",}",
      "{\"name\":\"a\\\"}", "{\"name\":\"a\\x\"}", "{\"name\":\"\\u12\"}", "{\"name\":\"\\u12g4\"}", "{\"name\":\"a\nb\"}",
      "{\"name\":\"a\",\"tags\":\"t\"}", "{\"name\":\"a\",\"tags\":[1]}", "{\"name\":\"a\",\"tags\":[\"\"]}",
      "{\"name\":\"a\",\"tags\":[\"t\",]}", "{\"name\":\"a\",\"tags\":[\"t\"}", "{\"name\":\"\xC3\"}", "{\"name\":\"\xED\xA0\x80\"}",
      "{\"name\":\"\xC0\x80\"}", "{\"name\":\"\xF5\x80\x80\x80\"}", "{\"name\":\"a\",\"x\":01}", "{\"name\":\"a\",\"x\":1.}",
      "{\"name\":\"a\",\"x\":-}", "{\"name\":\"a\",\"x\":tru}", "{\"name\":\"a\",\"x\":}", "{name:\"a\"}", "{\"name\" \"a\"}"};
  neuronbus::Card card;
  for (const char* text : texts) check(!read(text, &card), text);
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  check(!read("{\"name\":\"a\",\"x\":" + deep + "}", &card), "nested too deep");
  const std::string flat = std::string(neuronbus::kCardDepth - 1, '[') + std::string(neuronbus::kCardDepth - 1, ']');
  check(read("{\"name\":\"a\",\"x\":" + flat + "}", &card), "nested as deep as allowed");
}

// What is written is read back; with bytes changed, cut or doubled it is read or refused, and nothing worse.
void random_cards() {
  const char* seed_text = std::getenv("NEURONBUS_SEED");
  const uint32_t seed = seed_text != nullptr ? static_cast<uint32_t>(std::strtoul(seed_text, nullptr, 10)) : std::random_device{}();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  const char* const pieces[] = {"a", "\"", "\\", "/", "\n", "\x01", "\x1F", "\x7F", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\xA7\xA0", "u0041", "{", "]"};
  const auto text = [&] {
    std::string out = "x";
    for (uint32_t n = random() % 12; n > 0; n--) out += pieces[random() % (sizeof pieces / sizeof *pieces)];
    return out;
  };
  bool same = true;
  uint32_t read_count = 0;
  for (int round = 0; round < 20000; round++) {
    const std::string name = text(), description = text(), one = text(), two = text();
    const char* items[] = {one.c_str(), two.c_str()};
    nb_card card{};
    card.name = name.c_str();
    card.description = description.c_str();
    card.capabilities = items;
    card.capability_count = random() % 3;
    card.tags = items;
    card.tag_count = random() % 3;
    std::string written = neuronbus::write_card(card);
    neuronbus::Card back;
    same = same && read(written, &back) && back.name == name && back.description == description &&
           back.capabilities.size() == card.capability_count && (card.capability_count < 1 || back.capabilities[0] == one) &&
           back.tags.size() == card.tag_count && (card.tag_count < 2 || back.tags[1] == two);
    for (uint32_t n = 1 + random() % 4; n > 0 && !written.empty(); n--) {
      const size_t at = random() % written.size();
      switch (random() % 4) {
        case 0: written[at] = static_cast<char>(random()); break;
        case 1: written.resize(at); break;
        case 2: written.insert(at, 1, "\"\\{}[],:u"[random() % 9]); break;
        default: written.erase(at, 1 + random() % 5); break;
      }
    }
    read_count += read(written, &back) ? 1 : 0;
  }
  check(same, "random cards come back as they were");
  check(read_count > 0 && read_count < 20000, "damaged cards are read or refused");
}

}  // namespace

int main() {
  valid();
  invalid();
  random_cards();
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed > 0 ? 1 : 0;
}
