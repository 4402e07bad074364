// SPDX-License-Identifier: MIT
#include "addon.h"

namespace neuronbus {

// Bare, and whatever fails here is left: a worker that is being terminated takes no exception, and needs none.
void throw_status(Napi::Env env, nb_status status, const char* detail) {
  napi_value number = nullptr;
  napi_value text = nullptr;
  napi_value error = nullptr;
  if (napi_create_int32(env, status, &number) != napi_ok) return;
  if (napi_create_string_utf8(env, detail, NAPI_AUTO_LENGTH, &text) != napi_ok) return;
  if (napi_create_error(env, nullptr, text, &error) != napi_ok) return;
  napi_set_named_property(env, error, "status", number);
  napi_set_named_property(env, error, "detail", text);
  napi_throw(env, error);
}

namespace {

// Bare, because people call it per spike.
napi_value clock_now(napi_env env, napi_callback_info info) {
  void* data = nullptr;
  napi_value result = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data);
  napi_create_double(env, static_cast<double>(static_cast<AddonData*>(data)->clock.now()), &result);
  return result;
}

Napi::Value clock_info(const Napi::CallbackInfo& info) {
  const Clock& clock = info.Env().GetInstanceData<AddonData>()->clock;
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("source", clock.source());
  result.Set("frequencyHz", static_cast<double>(clock.frequency_hz()));
  return result;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto* data = new AddonData;
  env.SetInstanceData(data);
  napi_value now = nullptr;
  napi_create_function(env, "clockNow", NAPI_AUTO_LENGTH, clock_now, data, &now);
  exports.Set("clockNow", Napi::Value(env, now));
  exports.Set("clockInfo", Napi::Function::New(env, clock_info, "clockInfo"));
  export_segment(env, exports);
  export_ganglion(env, exports);
  export_network(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(neuronbus, init)

}  // namespace neuronbus
