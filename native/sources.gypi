# The one list of native sources. binding.gyp includes it; CMakeLists.txt reads the quoted paths of each list.
{
  'variables': {
    'core_sources': [
      'native/core/mapping.cc',
      'native/core/shared_file.cc',
      'native/core/segment.cc',
      'native/core/clock.cc',
      'native/core/axon.cc',
      'native/core/arena.cc',
      'native/core/arena_recovery.cc',
      'native/core/stdp.cc',
      'native/core/synapses.cc',
      'native/core/neuron_table.cc',
      'native/core/ganglion.cc',
      'native/core/membership.cc',
      'native/core/axon_between.cc',
      'native/core/recovery.cc',
      'native/core/mailbox.cc',
      'native/core/process.cc',
      'native/core/route.cc',
      'native/core/learning.cc',
    ],
    'capi_sources': [
      'native/capi/api.cc',
      'native/capi/bus.cc',
      'native/capi/card_json.cc',
      'native/capi/directory.cc',
      'native/capi/intake.cc',
      'native/capi/outbox.cc',
    ],
    'addon_sources': [
      'native/addon/module.cc',
      'native/addon/segment_wrap.cc',
      'native/addon/ganglion_wrap.cc',
      'native/addon/alarm.cc',
    ],
  },
}
