using System.IO.Compression;
using System.Text;
using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Resuming;
using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Files.Npy;
using SelfAdapt.Files.Regions;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Packages;
using SelfAdapt.ShallowToDeep.Features;
using SelfAdapt.ShallowToDeep.Forest;

namespace SelfAdapt.Fuzz;

/// <summary>Files that readers accept, written by this program's own writers, and a few made to do harm.</summary>
internal static partial class SeedFiles
{
    public const string Fingerprint = "fuzz";

    public static readonly Lazy<Network> Small = new(() => Network.Read(Cellpose()));

    /// <summary>A forest of three trees.</summary>
    /// <param name="path">Where it is written on the way.</param>
    public static byte[] Forest(string path)
    {
        FeatureSet set = FeatureSet.Fast;
        RandomStream random = new(4);
        float[] features = [.. Enumerable.Range(0, set.Columns * 30).Select(_ => (float)random.NextUniform())];
        bool[] objects = [.. Enumerable.Range(0, 30).Select(i => features[i] > 0.5f)];
        ForestFile.Write(path, RandomForest.Train(set, new(features, objects), new() { Trees = 3 }, 1));
        return File.ReadAllBytes(path);
    }

    /// <summary>A zip of regions of each shape, and one of them.</summary>
    /// <param name="path">Where they are written on the way.</param>
    public static IEnumerable<byte[]> Regions(string path)
    {
        ImageJRegion.Write(path, Enum.GetValues<RegionShape>().Select(shape => new ImageJRegion(
            shape.ToString(), shape, 0, 0, [new(3, 4), new(20, 9), new(11, 40)])));
        byte[] zip = File.ReadAllBytes(path);
        yield return zip;
        using ZipArchive archive = new(new MemoryStream(zip));
        using Stream first = archive.Entries[0].Open();
        using MemoryStream region = new();
        first.CopyTo(region);
        yield return region.ToArray();
    }

    /// <summary>A state of a run on <see cref="Small"/>, as the program saves it.</summary>
    public static byte[] Checkpoint(string path)
    {
        Network network = Small.Value;
        WeightSnapshot weights = new(network.InitialParameters, network.InitialStatistics);
        RunState state = new()
        {
            Iteration = 3,
            CropPosition = 7,
            AugmentationPosition = 9,
            Seconds = 1.5,
            Evaluations = [new EvaluationPoint(0, new LabelFreeSignals { Cells = 12 })],
            Kept = weights,
            Training = new TrainingState(
                weights, weights, weights.Parameters, weights.Parameters, new float[4 * network.Outputs.Channels]),
        };
        CheckpointFile.Write(path, state, Fingerprint, 4711);
        return File.ReadAllBytes(path);
    }

    /// <summary>A BioImage.IO package around the small network.</summary>
    public static byte[] Package(string picture)
    {
        byte[] model = UNet();
        PackageRequest request = new(
            "Small cells", "Finds cells.", ["A. Nonymous"], "MIT", new SegmentationOptions(), ["None."],
            new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
            new Dictionary<string, string> { ["selfadapt.seed"] = "7" });
        (string, byte[])[] files =
        [
            (PackageFiles.Model, model), (PackageFiles.TestInput, NpyFile.Encode(new float[256], 1, 1, 16, 16)),
            (PackageFiles.TestOutput, NpyFile.Encode(new float[256], 1, 1, 16, 16)),
            (PackageFiles.Cover, Png(2, 8, 16)), (PackageFiles.Documentation, "# Validation\n"u8.ToArray()),
        ];
        Dictionary<string, string> checksums =
            files.ToDictionary(f => f.Item1, f => PackageFiles.Checksum(f.Item2));
        Network network = Network.Read(OnnxModel.Parse(model, "seed"));
        string yaml = YamlWriter.Write(PackageDescription.Build(request, ModelVariant.Portable, network, checksums));
        return Zip(true, [(PackageFiles.Description, Encoding.UTF8.GetBytes(yaml)), .. files, (picture, [1, 2, 3])]);
    }

    /// <summary>A package whose small files unpack to far more.</summary>
    public static byte[] PackageBomb(int megabytes) => Zip(
        true,
        [(PackageFiles.Description, "name: bomb\n"u8.ToArray()), ("bomb.bin", new byte[megabytes << 20])]);

    public static byte[] Zip(bool compressed, IReadOnlyList<(string Name, byte[] Content)> entries)
    {
        using MemoryStream stream = new();
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in entries)
            {
                ZipArchiveEntry entry =
                    zip.CreateEntry(name, compressed ? CompressionLevel.Optimal : CompressionLevel.NoCompression);
                entry.LastWriteTime = new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
                using Stream target = entry.Open();
                target.Write(content);
            }
        }

        return stream.ToArray();
    }

    private static void Noise(Span<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)CounterRandom.UInt64(17, (ulong)i);
        }
    }
}
