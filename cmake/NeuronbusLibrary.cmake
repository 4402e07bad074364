# libneuronbus, static and shared, and what others need to find it. The C++ core's headers go along under neuronbus/core;
# they have no stable ABI, and only the static library has what they declare.
# Within one NB_API_VERSION a program need not be linked anew.
file(STRINGS ${CMAKE_CURRENT_SOURCE_DIR}/include/neuronbus/neuronbus.h api_version REGEX "#define NB_API_VERSION ")
string(REGEX MATCH "[0-9]+" api_version "${api_version}")

set(neuronbus_all_objects $<TARGET_OBJECTS:neuronbus_objects> $<TARGET_OBJECTS:neuronbus_capi_objects>)
add_library(neuronbus_static STATIC ${neuronbus_all_objects})
add_library(neuronbus_shared SHARED ${neuronbus_all_objects})
set_target_properties(neuronbus_static PROPERTIES EXPORT_NAME static)
set_target_properties(neuronbus_shared PROPERTIES
  EXPORT_NAME shared
  OUTPUT_NAME neuronbus
  VERSION ${PROJECT_VERSION}
  SOVERSION ${api_version}
  WINDOWS_EXPORT_ALL_SYMBOLS ON)
if(NOT MSVC) # there, the import library has this name
  set_target_properties(neuronbus_static PROPERTIES OUTPUT_NAME neuronbus)
endif()

# The shared library exports the C API and nothing else, not even what templates of the standard library leave behind.
if(APPLE)
  target_link_options(neuronbus_shared PRIVATE -Wl,-exported_symbol,_nb_*)
elseif(UNIX)
  set(exports ${CMAKE_CURRENT_SOURCE_DIR}/native/capi/exports.map)
  target_link_options(neuronbus_shared PRIVATE -Wl,--version-script=${exports})
  set_target_properties(neuronbus_shared PROPERTIES LINK_DEPENDS ${exports})
endif()

foreach(library neuronbus_static neuronbus_shared)
  target_include_directories(${library} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${library} PUBLIC Threads::Threads)
endforeach()
# Who links the shared library may be written in C alone.
target_compile_features(neuronbus_static INTERFACE cxx_std_17)
add_library(neuronbus::static ALIAS neuronbus_static)
add_library(neuronbus::shared ALIAS neuronbus_shared)

install(TARGETS neuronbus_static neuronbus_shared EXPORT neuronbus_targets
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/neuronbus DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(DIRECTORY native/core/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/neuronbus/core FILES_MATCHING PATTERN "*.h")

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/neuronbus)
install(EXPORT neuronbus_targets NAMESPACE neuronbus:: FILE neuronbusTargets.cmake DESTINATION ${package_dir})
configure_package_config_file(${CMAKE_CURRENT_SOURCE_DIR}/cmake/neuronbusConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/neuronbusConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/neuronbusConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/neuronbusConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/neuronbusConfigVersion.cmake
  DESTINATION ${package_dir})

# Relative, so that the installed tree can be moved.
file(RELATIVE_PATH neuronbus_prefix_from_pc
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(${CMAKE_CURRENT_SOURCE_DIR}/cmake/neuronbus.pc.in ${CMAKE_CURRENT_BINARY_DIR}/neuronbus.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/neuronbus.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
