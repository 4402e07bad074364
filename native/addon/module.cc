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

Napi::Value clock_now(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(info.Env().GetInstanceData<AddonData>()->clock.now()));
}

Napi::Value clock_info(const Napi::CallbackInfo& info) {
  const Clock& clock = info.Env().GetInstanceData<AddonData>()->clock;
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("source", clock.source());
  result.Set("frequencyHz", static_cast<double>(clock.frequency_hz()));
  return result;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new AddonData);
  exports.Set("clockNow", Napi::Function::New(env, clock_now, "clockNow"));
  exports.Set("clockInfo", Napi::Function::New(env, clock_info, "clockInfo"));
  export_segment(env, exports);
  export_ganglion(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(neuronbus, init)

}  // namespace neuronbus
