using System.Security.Cryptography;

namespace SelfAdapt.Segmentation.Packages;

internal static class PackageFiles
{
    public const string Description = "rdf.yaml";
    public const string OtherDescription = "bioimageio.yaml";
    public const string Model = "model.onnx";
    public const string TestInput = "test_input.npy";
    public const string TestOutput = "test_output.npy";
    public const string Cover = "cover.png";
    public const string Documentation = "README.md";

    /// <summary>The key under "config" where this tool keeps its own facts.</summary>
    public const string OwnKey = "selfadapt";

    /// <summary>The key below it with a checksum for each file.</summary>
    public const string ChecksumsKey = "sha256";

    public static string Checksum(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content));
}
