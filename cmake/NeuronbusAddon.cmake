# The Node.js addon, neuronbus.node, for cmake-js. Same sources, defines and visibility as native/addon.gypi.
neuronbus_sources(addon_sources neuronbus_addon_sources)
add_library(neuronbus SHARED ${neuronbus_addon_sources} ${neuronbus_core_sources} ${CMAKE_JS_SRC})
set_target_properties(neuronbus PROPERTIES
  PREFIX "" SUFFIX ".node" CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)

execute_process(COMMAND node -p "require('node-addon-api').include_dir"
  WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
  OUTPUT_VARIABLE node_addon_api OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "node-addon-api is not installed; run npm install")
endif()
get_filename_component(node_addon_api "${node_addon_api}" ABSOLUTE BASE_DIR ${CMAKE_CURRENT_SOURCE_DIR})

target_include_directories(neuronbus PRIVATE include native/core)
target_include_directories(neuronbus SYSTEM PRIVATE ${node_addon_api} ${CMAKE_JS_INC})
target_compile_definitions(neuronbus PRIVATE
  NAPI_VERSION=9 NAPI_DISABLE_CPP_EXCEPTIONS NODE_ADDON_API_DISABLE_DEPRECATED BUILDING_NODE_EXTENSION
  NODE_GYP_MODULE_NAME=neuronbus)
target_link_libraries(neuronbus PRIVATE ${CMAKE_JS_LIB} Threads::Threads)
if(MSVC)
  target_compile_definitions(neuronbus PRIVATE _HAS_EXCEPTIONS=0)
  if(CMAKE_JS_NODELIB_DEF AND CMAKE_JS_NODELIB_TARGET)
    execute_process(COMMAND ${CMAKE_AR}
      /def:${CMAKE_JS_NODELIB_DEF} /out:${CMAKE_JS_NODELIB_TARGET} ${CMAKE_STATIC_LINKER_FLAGS})
  endif()
else()
  target_compile_options(neuronbus PRIVATE -fno-exceptions)
endif()
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  target_link_options(neuronbus PRIVATE -static-libstdc++ -Wl,--exclude-libs,ALL)
endif()
