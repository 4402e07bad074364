/* SPDX-License-Identifier: MIT
 *
 * errors.h: the one table of errors, for C, C++ and (generated) TypeScript.
 *
 * X(number, NAME, "message"): C sees NB_ERR_<NAME>, TypeScript sees code 'ERR_NB_<NAME>'. The message says what was wrong
 * and what to do; callers may put detail before it. Numbers are stable: append only.
 */
#ifndef NEURONBUS_ERRORS_H
#define NEURONBUS_ERRORS_H

#define NB_ERROR_TABLE(X)                                                                                              \
  X(1, INVALID_ARGUMENT, "An argument is outside what is documented; see the detail for which one")                    \
  X(2, CAPACITY, "A capacity must be a power of two: a ring's from 2 to 2^26, the arena's from 64 KiB; pick the next one explicitly")              \
  X(3, CLOSED, "The bus (or axon, or network) is closed; create a new one")                                            \
  X(4, FULL, "The ring is full; drain it with tick(), enlarge axonCapacity, or pick another backpressure mode")        \
  X(5, UNKNOWN_NEURON, "No neuron is registered under this id; use the id that register() returned")                   \
  X(6, TOO_MANY_NEURONS, "The neuron table is full; raise maxNeurons or unregister neurons you no longer need")        \
  X(7, ID_TAKEN, "This id belongs to another neuron; leave card.id out to get a free one")                             \
  X(8, ALREADY_REGISTERED, "This neuron object is registered already; register a new instance")                        \
  X(9, SELF_SYNAPSE, "A neuron cannot be connected to itself; connect two different ids")                              \
  X(10, SYNAPSE_EXISTS, "These two neurons are connected already; disconnect them first or use the existing synapse")  \
  X(11, UNKNOWN_SYNAPSE, "These two neurons are not connected; connect them first")                                    \
  X(12, TOO_MANY_SYNAPSES, "The synapse table is full; raise maxSynapses or disconnect unused ones")                   \
  X(13, TOO_MANY_RULES, "Too many different plasticity parameter sets; share parameters between synapses")             \
  X(14, TOO_MANY_FILTERS, "Too many different dendritic filters; share filters between synapses")                      \
  X(15, STALE_SPIKE, "A received spike is valid only until onSpike returns; keep spike.clone() instead")               \
  X(16, STALE_REFERENCE, "The arena block of this reference was released; retain() it for as long as it is needed")    \
  X(17, TOO_LARGE, "The payload does not fit; raise arenaCapacity or split the payload")                               \
  X(18, ARENA_FULL, "The arena has no free block of this size; release blocks, let receivers run, or raise arenaCapacity") \
  X(19, NO_MEMORY, "The operating system refused the memory; ask for smaller capacities")                              \
  X(20, BAD_SEGMENT, "This memory is not a NeuronBus segment, or it is damaged; it was left as it is")                 \
  X(21, VERSION, "This was made by another layout version of NeuronBus; use the same version on both sides")           \
  X(22, NO_SUCH_SEGMENT, "No open segment has this handle in this process; attach before its creator closes it")       \
  X(23, READER_TAKEN, "This axon has its gating reader already; use observer(), or close the other reader first")      \
  X(24, PRODUCER_TAKEN, "Another thread publishes to this axon; one axon has one producer, create a second axon")      \
  X(25, REENTRANT, "tick() and run() cannot be called from inside a handler; fire a spike instead")                    \
  X(26, BAD_FILE, "This file is not complete, or not one of NeuronBus; nothing was changed")                               \
  X(27, FILE_IO, "The file could not be read or written; see the cause")                                               \
  X(28, NO_BINARY, "No native binary is available for this platform")                                                  \
  X(29, NODE_API, "This Node.js is too old for the native binary; upgrade to Node.js 20.19 or newer")                  \
  X(30, NO_EXTERNAL_BUFFERS, "This runtime allows neither external array buffers nor borrowing those it has")          \
  X(31, NOT_VIRTUAL, "Only a bus with clock: 'virtual' can be advanced by hand")                                       \
  X(32, BAD_PAYLOAD, "The payload cannot be read as asked; check who sends it")                                        \
  X(33, TOO_MANY_GANGLIA, "The segment has no free ganglion; raise maxGanglia")                                        \
  X(34, INTERNAL, "An invariant of NeuronBus does not hold; please report this")                                       \
  X(35, NO_SUCH_BUS, "No bus of this name is open; whoever shares it must create it first, under this very name")     \
  X(36, NAME_TAKEN, "A live bus has this name; join it with NeuronBus.open(name), or pick another name")               \
  X(37, NOT_OWNER, "This bus belongs to another user, or others may write to its file; it was left as it is")          \
  X(38, NO_ROOM, "The shared memory file system is full; free some of it, enlarge /dev/shm, or ask for smaller capacities") \
  X(39, UNSUPPORTED, "This is not possible on this platform; see the detail")                                          \
  X(40, TIMEOUT, "The other side did not answer in time; it may have been done all the same, or still be done")       \
  X(41, DEAD_TARGET, "The thread or process that owned it died; look for another one with discover()")                 \
  X(42, WORKER_FAILED, "A worker could not be started, or it ended without being asked; see the detail and the cause")  \
  X(43, NO_ROUTE, "Nobody on the bus fits this address; register such a neuron first, or look with discover()")        \
  X(44, ABORTED, "The AbortSignal was aborted before the answer came")                                                 \
  X(45, REMOTE, "The neuron that was asked failed; the cause has the name and message of its error")                   \
  X(46, NO_HANDLER, "The neuron has no onRequest() for questions or no onMessage() for messages; address another one, or give it that method") \
  X(47, CAPABILITY_TAKEN, "A capability that only one neuron may have belongs to another one; use that, or wait until it left")  \
  X(48, BOARD_FULL, "The blackboard has reached this limit; delete what is not needed, or raise the limit where it is made") \
  X(49, TRACE_MISMATCH, "The bus is not as it was when the trace began; give it the same neurons, synapses and options") \
  X(50, NOT_INSTALLED, "An optional package is missing; install it beside neuronbus")                                  \
  X(51, RUNNING, "The network computes on other threads; await its run(), use atRest() or onProgress, or abort it first")

#ifdef __cplusplus
enum nb_status : int {
#else
enum nb_status {
#endif
  NB_OK = 0,
#define NB_X(number, name, message) NB_ERR_##name = number,
  NB_ERROR_TABLE(NB_X)
#undef NB_X
};
#ifndef __cplusplus
typedef enum nb_status nb_status;
#endif

#endif /* NEURONBUS_ERRORS_H */
