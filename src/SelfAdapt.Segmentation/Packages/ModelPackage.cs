using System.IO.Compression;
using System.Text;
using SelfAdapt.Files;
using SelfAdapt.Files.Npy;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Segmentation.Packages;

/// <summary>Packs a model as BioImage.IO has it: a zip file with description, weights, test tensors and pictures.</summary>
internal static class ModelPackage
{
    private const int TileSide = 256;

    // The first instant a zip file can express; a real date would make equal packages differ.
    private static readonly DateTimeOffset Epoch = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Refuses what can't be packed, before any work.</summary>
    public static void RequirePackable(ModelVariant variant, PackageRequest request)
    {
        string? wrong = !PackageRequest.IsName(request.Name)
            ? $"the name '{request.Name}' must have 5 to 128 letters, digits, blanks and _ + - ( ) only"
            : request.Description.Length is 0 or > PackageRequest.LongestDescription
            ? $"the description must have 1 to {PackageRequest.LongestDescription} characters"
            : variant.Half
            ? "fp16 can't be packed: its test tensors would not hold within the tolerance"
            : variant is { Height: { } h, Width: { } w } && (h != w || h < PackageDescription.LeastSide)
            ? $"the one size must be square and at least {PackageDescription.LeastSide} px"
            : null;
        if (wrong is not null)
        {
            throw new SelfAdaptException(ErrorKind.InvalidOption, $"BioImage.IO package: {wrong}.");
        }
    }

    /// <param name="variant">How it was written: 32-bit, any size or one of at least 128 px.</param>
    public static byte[] Write(
        byte[] model, ModelVariant variant, Network network, ISegmentationNetwork engine, Image picture, string source,
        PackageRequest request)
    {
        RequirePackable(variant, request);
        (Image input, Image output) = Test(variant.Height ?? TileSide, engine, picture, source, request.Preparation);
        LabelImage masks = FlowMasks.Compute(output, network.Outputs, request.Preparation);
        Dictionary<string, byte[]> files = new()
        {
            [PackageFiles.Model] = model,
            [PackageFiles.TestInput] = Encode(input),
            [PackageFiles.TestOutput] = Encode(output),
            [PackageFiles.Cover] = PackagePicture.DrawCover(input, masks),
            [PackageFiles.Documentation] =
                Encoding.UTF8.GetBytes(PackageDocumentation.Write(request, variant, network)),
        };
        Dictionary<string, string> checksums = [];
        foreach ((string name, byte[] content) in files)
        {
            checksums[name] = PackageFiles.Checksum(content);
        }

        string description = YamlWriter.Write(PackageDescription.Build(request, variant, network, checksums));
        return Zip(Encoding.UTF8.GetBytes(description), files);
    }

    /// <summary>The test's input before preparation, at network scale, and the network's output for it.</summary>
    private static (Image Input, Image Output) Test(
        int side, ISegmentationNetwork engine, Image picture, string source, SegmentationOptions preparation)
    {
        Image selected =
            ImagePreparation.SelectChannels(picture, preparation.Channels, engine.InputChannels, source);
        Image scaled = ImagePreparation.Rescale(selected, preparation.Rescale, source, preparation.Threads);
        Image input = PackagePicture.CutTile(scaled, side);
        Image prepared = new(input.Channels, side, side, [.. input.Pixels]);
        ImagePreparation.Normalize(prepared, preparation.Normalization, preparation.Invert, source);
        Image output = ImagePreparation.Blank(engine.Outputs.Channels, side, side);
        engine.Run(prepared.Pixels, 1, side, side, output.Pixels, new float[engine.EmbeddingLength]);
        return (input, output);
    }

    private static byte[] Encode(Image image) =>
        NpyFile.Encode(image.Pixels, 1, image.Channels, image.Height, image.Width);

    private static byte[] Zip(byte[] description, Dictionary<string, byte[]> files)
    {
        using MemoryStream stream = new();
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add(PackageFiles.Description, description);
            foreach ((string name, byte[] content) in files)
            {
                Add(name, content);
            }

            void Add(string name, byte[] content)
            {
                ZipArchiveEntry entry = zip.CreateEntry(name, CompressionLevel.Optimal);
                entry.LastWriteTime = Epoch;
                using Stream target = entry.Open();
                target.Write(content);
            }
        }

        return stream.ToArray();
    }
}
