import Foundation
import Fusion
import Imaging

/// A file that cannot be used, with its place in the command line.
struct FileError: Error, CustomStringConvertible {
    let description: String
}

/// Reads a PNG; errors name the argument and say what is wrong.
func readPNG(_ path: String, as role: String) throws -> Image {
    let data = try naming("\(role), \(path), cannot be read") { try Data(contentsOf: URL(filePath: path)) }
    do {
        return try PNG.decode(data)
    } catch {
        throw FileError(description: "\(role), \(path): \(error)")
    }
}

/// Writes a PNG; errors name the argument.
func writePNG(_ image: Image, to path: String, as role: String) throws {
    let bytes = Data(try PNG.encode(image))
    try naming("\(role), \(path), cannot be written") { try bytes.write(to: URL(filePath: path), options: .atomic) }
}

/// Reads a model file, or the shipped model where `path` is nil.
func readModel(_ modality: Modality, path: String?) throws -> FusionModel {
    try naming("the model\(path.map { ", \($0)," } ?? "") cannot be read") { try ModelRegistry.load(modality, path: path) }
}

/// Makes a folder and those above it, if they are not there.
func makeFolder(_ path: String, as role: String) throws {
    try naming("\(role), \(path), cannot be made") {
        try FileManager.default.createDirectory(at: URL(filePath: path), withIntermediateDirectories: true)
    }
}

/// Foundation's errors of files as one line; others pass as they are.
func naming<Value>(_ trouble: String, _ body: () throws -> Value) throws -> Value {
    do {
        return try body()
    } catch let error as CocoaError {
        let cause = (error.userInfo[NSUnderlyingErrorKey] as? any Error) as? POSIXError
        throw FileError(
            description: "\(trouble): \(cause.map { String(cString: strerror($0.code.rawValue)) } ?? error.localizedDescription)")
    }
}
