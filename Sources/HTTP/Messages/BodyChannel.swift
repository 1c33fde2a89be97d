/// Carries a body from the connection's loop to the handler, and the handler's demand back.
final class BodyChannel: Sendable {
    private struct State {
        var chunks: [[UInt8]] = []
        var buffered = 0
        var end: Result<Void, any Error>?
        var reader: CheckedContinuation<[UInt8]?, any Error>?
        /// Whether the loop waits for `demand` before it offers more.
        var paused = true
    }

    private let state: Locked<State>
    private let capacity: Int
    private let demand: @Sendable () -> Void

    /// - Parameter demand: called when the loop may offer again: at the first read, and whenever a full buffer has half emptied.
    init(capacity: Int, demand: @escaping @Sendable () -> Void) {
        (self.capacity, self.demand) = (capacity, demand)
        state = Locked(State())
    }

    /// Takes a chunk from the loop; false asks it to pause until `demand`.
    func offer(_ chunk: [UInt8]) -> Bool {
        let (reader, goOn) = state.withLock { state -> (CheckedContinuation<[UInt8]?, any Error>?, Bool) in
            guard state.end == nil else { return (nil, false) }
            if let reader = state.reader {
                state.reader = nil
                return (reader, true)
            }
            state.chunks.append(chunk)
            state.buffered += chunk.count
            state.paused = state.buffered >= capacity
            return (nil, !state.paused)
        }
        reader?.resume(returning: chunk)
        return goOn
    }

    /// Ends the body: whole, or with the error that the reader gets after what is buffered.
    func finish(_ result: Result<Void, any Error> = .success(())) {
        let reader = state.withLock { state -> CheckedContinuation<[UInt8]?, any Error>? in
            guard state.end == nil else { return nil }
            state.end = result
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(with: result.map { nil })
    }

    func next() async throws -> [UInt8]? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enum Outcome {
                    case resume(Result<[UInt8]?, any Error>)
                    case wait
                }
                let (outcome, wanted) = state.withLock { state -> (Outcome, Bool) in
                    if !state.chunks.isEmpty {
                        let chunk = state.chunks.removeFirst()
                        state.buffered -= chunk.count
                        let wanted = state.paused && state.buffered <= capacity / 2 && state.end == nil
                        if wanted { state.paused = false }
                        return (.resume(.success(chunk)), wanted)
                    }
                    if let end = state.end { return (.resume(end.map { nil }), false) }
                    if state.reader != nil || Task.isCancelled { return (.resume(.failure(CancellationError())), false) }
                    state.reader = continuation
                    defer { state.paused = false }
                    return (.wait, state.paused)
                }
                if case .resume(let result) = outcome { continuation.resume(with: result) }
                if wanted { demand() }
            }
        } onCancel: {
            let reader = state.withLock { state in
                defer { state.reader = nil }
                return state.reader
            }
            reader?.resume(throwing: CancellationError())
        }
    }
}
