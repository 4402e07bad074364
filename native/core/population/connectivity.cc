// SPDX-License-Identifier: MIT
#include "connectivity.h"

#include <algorithm>
#include <cmath>

#include "random.h"

namespace neuronbus::population {
namespace {

// Sorts numbers that are spread evenly below `bound`: each goes about to where it belongs, neighbours are put right by insertion.
void sort_spread(uint32_t* numbers, uint32_t count, uint32_t bound) {
  constexpr uint32_t kMost = 512;
  if (count < 16 || count > kMost) return std::sort(numbers, numbers + count);
  uint32_t sorted[kMost];
  uint16_t place[kMost + 1] = {};
  const uint64_t scale = (uint64_t{count} << 32) / bound;
  const auto bucket = [&](uint32_t number) { return static_cast<uint32_t>(number * scale >> 32); };
  for (uint32_t i = 0; i < count; i++) place[bucket(numbers[i]) + 1]++;
  for (uint32_t i = 0; i < count; i++) place[i + 1] = static_cast<uint16_t>(place[i + 1] + place[i]);
  for (uint32_t i = 0; i < count; i++) sorted[place[bucket(numbers[i])]++] = numbers[i];
  for (uint32_t i = 0; i < count; i++) {
    const uint32_t number = sorted[i];
    uint32_t at = i;
    for (; at > 0 && numbers[at - 1] > number; at--) numbers[at] = numbers[at - 1];
    numbers[at] = number;
  }
}

// `count` different numbers below `bound`, ascending, each choice equally likely.
void choose(Random random, uint32_t bound, uint32_t count, uint32_t* out) {
  if (count > bound / 3) {  // selection sampling: Knuth, TAOCP 2, 3.4.2, algorithm S
    uint32_t chosen = 0;
    for (uint32_t i = 0; chosen < count; i++) {
      if (random.below(bound - i) < count - chosen) out[chosen++] = i;
    }
    return;
  }
  for (uint32_t held = 0; held < count;) {
    for (uint32_t i = held; i < count; i++) out[i] = random.below(bound);
    sort_spread(out, count, bound);
    held = static_cast<uint32_t>(std::unique(out, out + count) - out);
  }
}

// Numbers below n - 1 become those below n without `left_out`.
void leave_out(uint32_t left_out, uint32_t count, uint32_t* numbers) {
  for (uint32_t i = 0; i < count; i++) numbers[i] += numbers[i] >= left_out ? 1 : 0;
}

// Who asks for more synapses than can be held is told so before they are counted, which would take as long as making them.
nb_status room_for_synapses(double count) { return room_for(count * sizeof(uint16_t)) ? NB_OK : NB_ERR_NO_MEMORY; }

}  // namespace

nb_status Targets::prepare(const Connection& c, uint32_t pre_size, uint32_t post_size, uint64_t seed, uint32_t projection) {
  connection_ = c;
  pre_size_ = pre_size;
  post_size_ = post_size;
  seed_ = seed;
  projection_ = projection;
  without_self_ = !c.self && c.pre == c.post;
  const uint32_t others = post_size - (without_self_ ? 1 : 0);
  switch (c.pattern) {
    case Pattern::kAllToAll:
      dense_ = !without_self_ && c.delay_low == c.delay_high;
      longest_ = others;
      return dense_ ? NB_OK : room_for_synapses(static_cast<double>(pre_size) * others);
    case Pattern::kOneToOne:
      longest_ = 1;
      return pre_size == post_size && !without_self_ ? NB_OK : NB_ERR_INVALID_ARGUMENT;
    case Pattern::kFixedProbability:
      longest_ = post_size;
      if (!(c.probability >= 0 && c.probability <= 1)) return NB_ERR_INVALID_ARGUMENT;
      return room_for_synapses(0.9 * c.probability * pre_size * post_size);  // nearly as many as there will be
    case Pattern::kFixedOutDegree:
      longest_ = c.degree;
      return c.degree <= others ? room_for_synapses(static_cast<double>(pre_size) * c.degree) : NB_ERR_INVALID_ARGUMENT;
    case Pattern::kFixedInDegree:
      if (c.degree > pre_size - (without_self_ ? 1 : 0)) return NB_ERR_INVALID_ARGUMENT;
      if (nb_status status = room_for_synapses(static_cast<double>(post_size) * c.degree); status != NB_OK) return status;
      return prepare_in_degree();
    case Pattern::kList:
      return prepare_list();
    case Pattern::kConvolution:
      return fits_convolution() ? NB_OK : NB_ERR_INVALID_ARGUMENT;
  }
  return NB_ERR_INVALID_ARGUMENT;
}

// counts[pre] becomes the place of its row.
nb_status Targets::begin_rows(const Column<uint32_t>& counts) {
  if (!start_.resize(size_t{pre_size_} + 1)) return NB_ERR_NO_MEMORY;
  for (uint32_t pre = 0; pre < pre_size_; pre++) {
    start_[pre + 1] = start_[pre] + counts[pre];
    longest_ = std::max(longest_, counts[pre]);
  }
  return posts_.resize(start_[pre_size_]) ? NB_OK : NB_ERR_NO_MEMORY;
}

// Each post draws its pres; what is kept is the transposed: filled in order of the posts, each row is sorted.
nb_status Targets::prepare_in_degree() {
  Column<uint32_t> chosen, counts;
  if (!chosen.resize(connection_.degree) || !counts.resize(pre_size_)) return NB_ERR_NO_MEMORY;
  const auto each_pair = [&](auto visit) {
    for (uint32_t post = 0; post < post_size_; post++) {
      choose(Random(seed_, Purpose::kTargets, projection_, post), pre_size_ - (without_self_ ? 1 : 0), connection_.degree, chosen.data());
      if (without_self_) leave_out(post, connection_.degree, chosen.data());
      for (uint32_t k = 0; k < connection_.degree; k++) visit(chosen[k], post);
    }
  };
  each_pair([&](uint32_t pre, uint32_t) { counts[pre]++; });
  if (nb_status status = begin_rows(counts); status != NB_OK) return status;
  counts.fill(0);
  each_pair([&](uint32_t pre, uint32_t post) { posts_[start_[pre] + counts[pre]++] = post; });
  return NB_OK;
}

// Sorted by counting, first by post and then by pre, which keeps the order of the list where both are the same.
nb_status Targets::prepare_list() {
  const uint64_t count = connection_.list_count;
  const uint32_t* const pres = connection_.list_pre;
  const uint32_t* const posts = connection_.list_post;
  if (count > 0 && (pres == nullptr || posts == nullptr)) return NB_ERR_INVALID_ARGUMENT;
  if (count >= uint64_t{1} << 32) return NB_ERR_TOO_LARGE;
  for (uint64_t i = 0; i < count; i++) {
    if (pres[i] >= pre_size_ || posts[i] >= post_size_ || (without_self_ && pres[i] == posts[i])) return NB_ERR_INVALID_ARGUMENT;
  }
  Column<uint32_t> counts, by_post;
  Column<uint64_t> place;
  if (!counts.resize(pre_size_) || !by_post.resize(count) || !place.resize(size_t{post_size_} + 1)) return NB_ERR_NO_MEMORY;
  for (uint64_t i = 0; i < count; i++) place[posts[i] + 1]++;
  for (uint32_t post = 0; post < post_size_; post++) place[post + 1] += place[post];
  for (uint64_t i = 0; i < count; i++) by_post[place[posts[i]]++] = static_cast<uint32_t>(i);
  for (uint64_t i = 0; i < count; i++) counts[pres[i]]++;
  if (nb_status status = begin_rows(counts); status != NB_OK) return status;
  if (!entries_.resize(count)) return NB_ERR_NO_MEMORY;
  counts.fill(0);
  for (uint64_t i = 0; i < count; i++) {
    const uint32_t entry = by_post[i];
    const uint64_t at = start_[pres[entry]] + counts[pres[entry]]++;
    posts_[at] = posts[entry];
    entries_[at] = entry;
  }
  return NB_OK;
}

bool Targets::fits_convolution() {
  const Convolution& c = connection_.convolution;
  const auto planes = [](uint64_t height, uint64_t width, uint64_t channels, uint32_t size) {
    return height > 0 && width > 0 && channels > 0 && height <= size && width <= size && channels <= size &&
           height * width <= size && height * width * channels == size;
  };
  if (!planes(c.in_height, c.in_width, c.in_channels, pre_size_)) return false;
  if (c.stride == 0 || c.kernel_height == 0 || c.kernel_width == 0 || c.out_channels == 0) return false;
  const uint64_t height = c.in_height + 2 * uint64_t{c.padding};
  const uint64_t width = c.in_width + 2 * uint64_t{c.padding};
  if (c.kernel_height > height || c.kernel_width > width) return false;
  // Places in the kernel are counted with 32 bits.
  const uint64_t area = uint64_t{c.kernel_height} * c.kernel_width;
  if (area > ~uint32_t{0} || area * c.in_channels > ~uint32_t{0} / c.out_channels) return false;
  const uint64_t out_height = (height - c.kernel_height) / c.stride + 1;
  const uint64_t out_width = (width - c.kernel_width) / c.stride + 1;
  if (!planes(out_height, out_width, c.out_channels, post_size_)) return false;
  out_height_ = static_cast<uint32_t>(out_height);
  out_width_ = static_cast<uint32_t>(out_width);
  const uint64_t rows = std::min<uint64_t>(out_height, (c.kernel_height - 1) / c.stride + 1);
  const uint64_t columns = std::min<uint64_t>(out_width, (c.kernel_width - 1) / c.stride + 1);
  longest_ = static_cast<uint32_t>(rows * columns * c.out_channels);
  return true;
}

uint32_t Targets::row(uint32_t pre, uint32_t* posts, uint32_t* entries) const {
  switch (connection_.pattern) {
    case Pattern::kAllToAll:
      for (uint32_t i = 0; i < longest_; i++) posts[i] = i;
      if (without_self_) leave_out(pre, longest_, posts);
      return longest_;
    case Pattern::kOneToOne:
      posts[0] = pre;
      return 1;
    case Pattern::kFixedProbability:
      return with_probability(pre, posts);
    case Pattern::kFixedOutDegree:
      choose(Random(seed_, Purpose::kTargets, projection_, pre), post_size_ - (without_self_ ? 1 : 0), connection_.degree, posts);
      if (without_self_) leave_out(pre, connection_.degree, posts);
      return connection_.degree;
    case Pattern::kConvolution:
      return convolved(pre, posts, entries);
    default: {
      const uint64_t first = start_[pre];
      const uint32_t count = static_cast<uint32_t>(start_[pre + 1] - first);
      std::copy(posts_.data() + first, posts_.data() + first + count, posts);
      if (!entries_.empty()) std::copy(entries_.data() + first, entries_.data() + first + count, entries);
      return count;
    }
  }
}

// Jumps from one synapse to the next: the gaps are geometric.
uint32_t Targets::with_probability(uint32_t pre, uint32_t* posts) const {
  if (connection_.probability == 0) return 0;
  Random random(seed_, Purpose::kTargets, projection_, pre);
  const double per_post = std::log1p(-connection_.probability);  // -infinite when certain
  uint32_t count = 0;
  for (uint64_t post = 0;; post++) {
    const double gap = std::floor(std::log(random.uniform()) / per_post);
    if (!(gap < static_cast<double>(post_size_ - post))) return count;
    post += static_cast<uint64_t>(gap);
    if (post >= post_size_) return count;
    if (!without_self_ || post != pre) posts[count++] = static_cast<uint32_t>(post);
    if (post + 1 == post_size_) return count;
  }
}

uint32_t Targets::convolved(uint32_t pre, uint32_t* posts, uint32_t* entries) const {
  const Convolution& c = connection_.convolution;
  const uint32_t channel = pre % c.in_channels;
  const uint64_t y = pre / c.in_channels / c.in_width + uint64_t{c.padding};
  const uint64_t x = pre / c.in_channels % c.in_width + uint64_t{c.padding};
  // Outputs whose kernel covers place `at`: from the first whose end reaches it to the last that begins at or before it.
  const auto first = [&](uint64_t at, uint32_t kernel) { return at < kernel ? 0 : (at - kernel) / c.stride + 1; };
  const auto end = [&](uint64_t at, uint32_t outputs) { return std::min<uint64_t>(outputs, at / c.stride + 1); };
  uint32_t count = 0;
  for (uint64_t oy = first(y, c.kernel_height); oy < end(y, out_height_); oy++) {
    for (uint64_t ox = first(x, c.kernel_width); ox < end(x, out_width_); ox++) {
      const uint64_t dy = y - oy * c.stride;
      const uint64_t dx = x - ox * c.stride;
      for (uint32_t f = 0; f < c.out_channels; f++) {
        posts[count] = static_cast<uint32_t>((oy * out_width_ + ox) * c.out_channels + f);
        entries[count++] = static_cast<uint32_t>(((f * uint64_t{c.kernel_height} + dy) * c.kernel_width + dx) * c.in_channels + channel);
      }
    }
  }
  return count;
}

}  // namespace neuronbus::population
