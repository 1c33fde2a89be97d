/// Stops the program when a condition on the arguments does not hold.
///
/// `precondition` would not do: with -Ounchecked, in which the numeric rooms are released, the compiler takes its condition for granted
/// instead of testing it, and a kernel would read and write beyond its tensors.
@inline(__always)
package func require(_ condition: Bool, _ message: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line) {
    if !condition { fatalError(message(), file: file, line: line) }
}
