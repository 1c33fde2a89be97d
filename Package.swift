// swift-tools-version: 6.1
import Foundation
import PackageDescription

// The kernels rely on fused multiply-add; Swift's code generation follows the Clang importer's target options. AMALGAM_PROCESSOR names the
// level that the build is for: x86-64-v3 (AVX2 and FMA) or x86-64-v4 (AVX-512, vectors of twice the width).
#if arch(x86_64)
    let level = ProcessInfo.processInfo.environment["AMALGAM_PROCESSOR"] ?? "x86-64-v3"
    let width: [SwiftSetting] = level == "x86-64-v4" ? [.define("AVX512")] : []
    let processor: [SwiftSetting] = [.unsafeFlags(["-Xcc", "-march=\(level)"])]
#else
    let (width, processor): ([SwiftSetting], [SwiftSetting]) = ([], [])
#endif

/// Code generation for the numeric rooms.
let numeric = processor + width

/// The kernels also go without bounds and overflow checks in release builds: every operation checks its shapes once, at entry.
let kernels: [SwiftSetting] = numeric + [.unsafeFlags(["-Ounchecked"], .when(configuration: .release))]

let package = Package(
    name: "amalgam",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "amalgam", targets: ["amalgam"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // Images and their scores.
        .target(name: "CPNG", linkerSettings: [.linkedLibrary("png16"), .linkedLibrary("z")]),
        .target(name: "Imaging", dependencies: ["CPNG"], swiftSettings: numeric),
        .target(name: "Scores", dependencies: ["Imaging"], swiftSettings: numeric),

        // The engine, from arrays to trained networks.
        .target(name: "Tensors", swiftSettings: kernels),
        .target(name: "Autodiff", dependencies: ["Tensors"], swiftSettings: numeric),
        .target(name: "Networks", dependencies: ["Autodiff"], swiftSettings: numeric),
        .target(name: "Diffusion", dependencies: ["Tensors"], swiftSettings: numeric),
        .target(
            name: "Fusion", dependencies: ["Networks", "Diffusion", "Scores", "Imaging"],
            resources: [.copy("Models")], swiftSettings: numeric),

        // The service.
        .systemLibrary(name: "CLinux"),
        // A connection belongs to one thread, and checking every access to it costs a twentieth of a request: debug builds check, and the
        // sanitizers' builds are such.
        .target(
            name: "HTTP", dependencies: ["CLinux", .product(name: "Logging", package: "swift-log")],
            swiftSettings: [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]),
        .executableTarget(name: "echo-server", dependencies: ["HTTP", .product(name: "Logging", package: "swift-log")]),
        .target(
            name: "Jobs",
            dependencies: [.product(name: "GRDB", package: "GRDB.swift"), .product(name: "Crypto", package: "swift-crypto")]),
        .target(
            name: "Service",
            dependencies: [
                "Fusion", "HTTP", "Jobs",
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Yams", package: "Yams"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
            ],
            resources: [.embedInCode("Resources/index.html"), .embedInCode("Resources/openapi.yaml")]),
        .executableTarget(
            name: "amalgam",
            dependencies: [
                "Service", "Fusion", "Scores", "Imaging", "Tensors",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            // Compiled for any processor, so that it can say what this one lacks.
            swiftSettings: width),

        // The tests mirror the rooms.
        .target(name: "TestSupport", dependencies: ["Tensors", "Networks"], path: "Tests/TestSupport"),
        .testTarget(name: "ImagingTests", dependencies: ["Imaging", "TestSupport"], resources: [.copy("Fixtures")]),
        .testTarget(name: "ScoresTests", dependencies: ["Scores", "Imaging", "TestSupport"], resources: [.copy("Fixtures")]),
        .testTarget(name: "TensorsTests", dependencies: ["Tensors", "TestSupport"], resources: [.copy("Fixtures")]),
        .testTarget(name: "AutodiffTests", dependencies: ["Autodiff", "Networks", "TestSupport"], resources: [.copy("Fixtures")]),
        .testTarget(name: "NetworksTests", dependencies: ["Networks", "TestSupport"], resources: [.copy("Fixtures")]),
        .testTarget(name: "DiffusionTests", dependencies: ["Diffusion", "TestSupport"]),
        .testTarget(
            name: "FusionTests", dependencies: ["Fusion", "TestSupport"], exclude: ["Reference"], resources: [.copy("Fixtures")]),
        .testTarget(name: "HTTPTests", dependencies: ["HTTP", "echo-server", "TestSupport"], exclude: ["Clients"]),
        .testTarget(
            name: "JobsTests", dependencies: ["Jobs", "TestSupport", .product(name: "GRDB", package: "GRDB.swift")],
            resources: [.copy("Fixtures")]),
        .testTarget(
            name: "ServiceTests",
            dependencies: [
                "Service", "amalgam", "Fusion", "Diffusion", "HTTP", "Imaging", "Jobs", "Scores", "TestSupport",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Yams", package: "Yams"),
            ],
            exclude: ["Clients"]),
    ],
    swiftLanguageModes: [.v6]
)
