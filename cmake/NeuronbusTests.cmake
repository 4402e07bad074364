# Every *.cc in test/native is part of one program; ctest runs it twice, the second time without the cycle counter.
neuronbus_program(native_tests ${neuronbus_test_sources})

# Every source of test/capi is a program.
set(neuronbus_capi_tests)
if(UNIX AND neuronbus_capi_test_sources)
  enable_language(C)
  foreach(source IN LISTS neuronbus_capi_test_sources)
    get_filename_component(name ${source} NAME_WE)
    neuronbus_program(${name} ${source} $<TARGET_OBJECTS:neuronbus_capi_objects>)
    set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
    list(APPEND neuronbus_capi_tests ${name})
  endforeach()
endif()
add_custom_target(capi_tests DEPENDS ${neuronbus_capi_tests})

set(launcher)
if(NEURONBUS_SANITIZE STREQUAL "thread")
  # ThreadSanitizer wants its shadow at fixed addresses, which some kernels' address randomisation gives away.
  find_program(NEURONBUS_SETARCH setarch)
  if(NEURONBUS_SETARCH)
    set(launcher ${NEURONBUS_SETARCH} ${CMAKE_HOST_SYSTEM_PROCESSOR} -R)
  endif()
endif()
if(launcher)
  set(command ${launcher} $<TARGET_FILE:native_tests>)
else()
  set(command native_tests) # by its name, so that a cross build runs it in CMAKE_CROSSCOMPILING_EMULATOR
endif()

add_test(NAME native COMMAND ${command})
add_test(NAME native-clock-without-counter COMMAND ${command} "clock:")
set_tests_properties(native-clock-without-counter PROPERTIES ENVIRONMENT NEURONBUS_CLOCK=monotonic)

foreach(name IN LISTS neuronbus_capi_tests)
  add_test(NAME ${name} COMMAND ${launcher} $<TARGET_FILE:${name}>)
endforeach()
