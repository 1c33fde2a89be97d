import Foundation

/// Files of named tensors in the safetensors format (huggingface/safetensors, "Format"): an 8-byte little-endian header length, a JSON
/// header, then the elements. The Python package reads what is written here and the other way round.
///
/// Shapes are written with all four axes (N, H, W, C); reading accepts up to four and fills up with 1 on the left.
public struct Safetensors: Sendable {
    /// Tensors by name.
    public var tensors: [String: Tensor]
    /// Free text by name, the header's `__metadata__`.
    public var metadata: [String: String]

    public enum Problem: Error, CustomStringConvertible, Equatable {
        case truncated
        case badHeader(String)
        case unsupported(tensor: String, type: String)

        public var description: String {
            switch self {
            case .truncated: "the safetensors file ends before its tensors do"
            case .badHeader(let reason): "the header of the safetensors file is damaged: \(reason)"
            case .unsupported(let tensor, let type): "tensor \(tensor) has type \(type); only F32 is supported"
            }
        }
    }

    public init(tensors: [String: Tensor], metadata: [String: String] = [:]) {
        (self.tensors, self.metadata) = (tensors, metadata)
    }

    /// Parses a file's bytes. O(bytes).
    ///
    /// - Throws: `Problem` for a damaged header, offsets outside the file, tensors that overlap or leave holes, or elements other than
    ///   32-bit floats.
    public init(_ data: Data) throws {
        guard data.count >= 8 else { throw Problem.truncated }
        let length = data.prefix(8).enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) }
        guard length <= UInt64(data.count - 8) else { throw Problem.truncated }
        let start = data.startIndex + 8 + Int(length)
        let header: [String: Any]
        do {
            guard let object = try JSONSerialization.jsonObject(with: data[data.startIndex + 8..<start]) as? [String: Any] else {
                throw Problem.badHeader("it is not a JSON object")
            }
            header = object
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem.badHeader("it is not JSON")
        }
        (tensors, metadata) = ([:], header["__metadata__"] as? [String: String] ?? [:])
        var places: [(name: String, shape: Shape, bytes: Range<Int>)] = []
        for (name, value) in header where name != "__metadata__" {
            guard let fields = value as? [String: Any], let type = fields["dtype"] as? String,
                let dimensions = fields["shape"] as? [Int], let offsets = fields["data_offsets"] as? [Int],
                dimensions.count <= 4, offsets.count == 2, dimensions.allSatisfy({ $0 >= 1 && $0 < 1 << 31 })
            else { throw Problem.badHeader("tensor \(name) has no proper dtype, shape and data_offsets") }
            guard type == "F32" else { throw Problem.unsupported(tensor: name, type: type) }
            let d = [Int](repeating: 1, count: 4 - dimensions.count) + dimensions
            let count = d.reduce((partialValue: 1, overflow: false)) { partial, side in
                let product = partial.partialValue.multipliedReportingOverflow(by: side)
                return (product.partialValue, partial.overflow || product.overflow)
            }
            let end = data.endIndex - start
            guard !count.overflow, offsets[0] >= 0, offsets[1] <= end, offsets[0] <= offsets[1],
                count.partialValue <= end / 4, offsets[1] - offsets[0] == 4 * count.partialValue
            else { throw Problem.badHeader("tensor \(name) does not lie inside the file") }
            places.append((name, Shape(d[0], d[1], d[2], d[3]), offsets[0]..<offsets[1]))
        }
        try Self.checkTiling(places.map(\.bytes), total: data.endIndex - start)
        for (name, shape, place) in places {
            let tensor = Tensor(uninitialized: shape)
            data.withUnsafeBytes { bytes in
                let from = bytes.baseAddress! + (start - data.startIndex) + place.lowerBound
                UnsafeMutableRawPointer(tensor.pointer).copyMemory(from: from, byteCount: place.count)
            }
            tensors[name] = tensor
        }
    }

    /// The tensors fill the file without holes, and no byte belongs to two of them ("Format", notes): memory stays below the file's size.
    private static func checkTiling(_ places: [Range<Int>], total: Int) throws {
        let end = try places.sorted { $0.lowerBound < $1.lowerBound }.reduce(0) { end, place in
            guard place.lowerBound == end else { throw Problem.badHeader("its tensors overlap or leave holes") }
            return place.upperBound
        }
        guard end == total else { throw Problem.badHeader("bytes follow the last tensor") }
    }

    /// Reads a file. Its bytes go from the system's cache to the tensors, without a copy in between.
    public init(contentsOf url: URL) throws { try self.init(Data(contentsOf: url, options: .mappedIfSafe)) }

    /// The bytes of a file; tensors are in the order of their names, so that equal contents give equal bytes.
    public func encoded() throws -> Data {
        var header: [String: Any] = metadata.isEmpty ? [:] : ["__metadata__": metadata]
        var body = Data()
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            let s = tensor.shape
            header[name] = [
                "dtype": "F32", "shape": [s.n, s.h, s.w, s.c], "data_offsets": [body.count, body.count + 4 * tensor.count],
            ]
            body.append(Data(bytes: tensor.pointer, count: 4 * tensor.count))
        }
        var json = try JSONSerialization.data(withJSONObject: header, options: [.sortedKeys, .withoutEscapingSlashes])
        json.append(Data(repeating: 0x20, count: (8 - json.count % 8) % 8))
        var file = Data((0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) })
        file.append(json)
        file.append(body)
        return file
    }

    /// Writes a file in one step: readers see the old file or the new one, never a part.
    public func write(to url: URL) throws { try encoded().write(to: url, options: .atomic) }
}
