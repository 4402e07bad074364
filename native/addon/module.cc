// SPDX-License-Identifier: MIT
#include "addon.h"

namespace neuronbus {

void throw_status(Napi::Env env, nb_status status, const char* detail) {
  Napi::Error error = Napi::Error::New(env, detail);
  error.Set("status", Napi::Number::New(env, status));
  error.Set("detail", Napi::String::New(env, detail));
  error.ThrowAsJavaScriptException();
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
  return exports;
}

}  // namespace

NODE_API_MODULE(neuronbus, init)

}  // namespace neuronbus
