# For node-gyp in a checkout. The published package has no binding.gyp here, or npm would compile on every install.
{
  'includes': ['native/addon.gypi'],
}
