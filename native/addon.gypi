# The addon's one gyp target: what to compile comes from sources.gypi, how from here.
# binding.gyp of a checkout includes it; so does the one that `neuronbus rebuild` writes for the time of a build.
{
  'includes': ['sources.gypi'],
  'targets': [
    {
      'target_name': 'neuronbus',
      'sources': ['<@(core_sources)', '<@(addon_sources)'],
      'include_dirs': [
        '../include',
        'core',
        '<!(node -p "require(\'node-addon-api\').include_dir")',
      ],
      'defines': [
        'NAPI_VERSION=9',
        'NAPI_DISABLE_CPP_EXCEPTIONS',
        'NODE_ADDON_API_DISABLE_DEPRECATED',
        # A worker that is terminated inside a call cannot take an exception any more, and that is no error.
        'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
      ],
      # Node's headers choose the dialect of the Node they belong to; the core is C++17 everywhere.
      'cflags_cc!': ['-std=gnu++17', '-std=gnu++20', '-std=gnu++2a'],
      'cflags': ['-O3', '-ffp-contract=off', '-fvisibility=hidden', '-Wall', '-Wextra'],
      'cflags_cc': ['-std=c++17', '-fvisibility-inlines-hidden', '-fno-exceptions'],
      'conditions': [
        ['OS=="linux"', {
          # One binary for every distribution: it brings the little of libstdc++ that it uses, whatever version is there.
          # libgcc stays shared, because a static one asks for a newer glibc.
          'ldflags': ['-static-libstdc++', '-Wl,--exclude-libs,ALL'],
        }],
        ['OS=="mac"', {
          'xcode_settings': {
            'CLANG_CXX_LANGUAGE_STANDARD': 'c++17',
            'CLANG_CXX_LIBRARY': 'libc++',
            'GCC_ENABLE_CPP_EXCEPTIONS': 'NO',
            'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
            'GCC_OPTIMIZATION_LEVEL': '3',
            'MACOSX_DEPLOYMENT_TARGET': '11.0',
            'OTHER_CFLAGS': ['-ffp-contract=off', '-Wall', '-Wextra'],
          },
        }],
        ['OS=="win"', {
          'defines': ['NOMINMAX', 'WIN32_LEAN_AND_MEAN', '_HAS_EXCEPTIONS=0'],
          'msvs_settings': {
            'VCCLCompilerTool': {
              'ExceptionHandling': 0,
              'Optimization': 2,
              'WarningLevel': 4,
              'AdditionalOptions': ['/std:c++17', '/Zc:__cplusplus'],
            },
          },
        }],
      ],
    },
  ],
}
