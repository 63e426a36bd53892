#include "error.h"

#include <exception>
#include <new>

namespace vit {

Failure failure_in_flight() {
  try {
    throw;
  } catch (const Error& error) {
    return {error.code(), error.said()};
  } catch (const std::bad_alloc&) {
    return {"ERR_MEMORY", sentence("There is not enough memory for this request.")};
  } catch (const std::length_error&) {
    return {"ERR_MEMORY", sentence("This request needs more memory than a process can address.")};
  } catch (const std::exception& error) {
    return {"ERR_INTERNAL", sentence("The native engine failed: {0}.", error.what())};
  } catch (...) {
    return {"ERR_INTERNAL", sentence("The native engine failed without saying why.")};
  }
}

}  // namespace vit
