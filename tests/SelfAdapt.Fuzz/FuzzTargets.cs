using System.CommandLine;
using System.Text;
using SelfAdapt.Adaptation.Resuming;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Files.Npy;
using SelfAdapt.Files.Regions;
using SelfAdapt.Files.Tiff;
using SelfAdapt.Files.Zarr;
using SelfAdapt.Models.Cellpose;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.Torch;
using SelfAdapt.Reporting;
using SelfAdapt.Segmentation.Packages;
using SelfAdapt.ShallowToDeep.Forest;
using SelfAdapt.ShallowToDeep.Strokes;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Results;
using SelfAdapt.Tool.Runs;
using SelfAdapt.Tool.Segmenting;
using SelfAdapt.Tool.Verbs;

namespace SelfAdapt.Fuzz;

/// <summary>All readers of files that may come from strangers.</summary>
internal sealed class FuzzTargets
{
    /// <summary>What a mutant is called; every refusal has to name it.</summary>
    public const string Origin = "mutant";

    private readonly string _folder;
    private readonly string _path;

    /// <summary>Makes the targets.</summary>
    /// <param name="folder">An empty folder for readers that take a path.</param>
    public FuzzTargets(string folder)
    {
        _folder = folder;
        _path = Path.Combine(folder, Origin);
        (byte[] beside, byte[] weights) = SeedFiles.Beside(OnnxModel.Parse(SeedFiles.UNet(), "seed"), "weights.bin");
        File.WriteAllBytes(Path.Combine(folder, "weights.bin"), weights);
        All =
        [
            new("onnx", [SeedFiles.UNet(), SeedFiles.Cellpose().Bytes], ProtobufMutator.Mutate, ReadOnnx)
            {
                Harmful = [SeedFiles.Nested(false), SeedFiles.Nested(true)],
            },
            new("export", [.. SeedFiles.Exports()], ProtobufMutator.Mutate, Export),
            new("external", [beside, .. SeedFiles.Elsewhere()], ProtobufMutator.Mutate, ReadBeside),
            new("safetensors", [SeedFiles.SafeTensors(State().Tensors), SeedFiles.SafeTensors(Tensors())],
                FormatMutators.Text, ReadTorch),
            new("torch-zip",
                [State().ToArray(), new TorchCheckpoint("t", Tensors()).ToArray(),
                    .. SeedFiles.ForeignPickles().Select(p => SeedFiles.Zip(false, [("a/data.pkl", p)]))],
                FormatMutators.Zip(false, (_, content, random) => FormatMutators.Pickle(content, [], random)), ReadTorch)
            {
                Harmful = [SeedFiles.OverlappingStorages(600, 60_000)],
            },
            new("torch-legacy", [SeedFiles.LegacyTorch(Tensors()), SeedFiles.LegacyTorch(State().Tensors)],
                FormatMutators.Pickle, ReadTorch),
            new("pickle", [SeedFiles.PickleOf(Tensors()), .. SeedFiles.ForeignPickles()], FormatMutators.Pickle,
                bytes => new PickleReader(bytes, Origin).Read()),
            new("tiff", [.. Tiffs()], FormatMutators.Tiff, ReadImages) { Harmful = [Unpacking()] },
            new("tiff-rows", [.. Tiffs()], FormatMutators.Tiff, ReadRows) { Harmful = [Unpacking()] },
            new("png", [.. Pngs()], FormatMutators.Png, ReadImages),
            new("other-pictures", [.. SeedFiles.OtherPictures()], null, bytes => ImageFile.Decode(bytes, Origin)),
            new("npy", [.. Npys()], FormatMutators.Npy, ReadImages),
            new("blosc", [.. Bloscs()], null, bytes => BloscFrame.Decode(new FileBytes(Origin, bytes), bytes, new byte[8180], "it")),
            new("zarr", [.. Texts(ZarrArrayJson)], FormatMutators.Text, ReadZarr),
            new("config", [.. Texts(RunJson)], FormatMutators.Text, ReadConfig),
            new("summary", [.. Texts(SummaryJson)], FormatMutators.Text, ReadSummary),
            new("log", [.. Texts(LogLines)], FormatMutators.Text, ReadLog),
            new("checkpoint", [SeedFiles.Checkpoint(_path)], FormatMutators.Checkpoint, ReadCheckpoint),
            new("package",
                [SeedFiles.Package("../../x.png"), SeedFiles.Package("/x")],
                FormatMutators.Zip(true, MutateEntry), ReadPackage)
            {
                Harmful = [SeedFiles.PackageBomb(200)],
            },
            new("forest", [SeedFiles.Forest(_path)], null, bytes => ForestFile.Read(new FileBytes(Origin, bytes))),
            new("regions", [.. SeedFiles.Regions(_path)], null, ReadRegions),
            new("yaml", [.. Texts(Yaml)], FormatMutators.Text,
                bytes => YamlReader.Read(Encoding.UTF8.GetString(bytes), Origin)),
        ];
    }

    public IReadOnlyList<FuzzTarget> All { get; }

    private static string ZarrArrayJson =>
        """
        {"zarr_format":3,"node_type":"array","data_type":"uint16","fill_value":3,"shape":[2,5,7],"dimension_names":["c","y","x"],
        "chunk_key_encoding":{"name":"default","configuration":{"separator":"/"}},
        "chunk_grid":{"name":"regular","configuration":{"chunk_shape":[1,4,4]}},
        "codecs":[{"name":"bytes","configuration":{"endian":"little"}},{"name":"gzip","configuration":{"level":5}}]}
        """;

    private static string RunJson =>
        """
        {"verb":"adapt","version":"0.1.0","model_sha256":"00","options":{"--model":"absent.onnx","--seed":"7","--soft":true}}
        """;

    private static string SummaryJson =>
        """
        {"iterations":12,"kept_iteration":6,"stop_reason":"end","outputs":"flow,logit","fn_rate":0.1,"options":{"seed":7},
        "segmentation":{"diameter":30,"diam_mean":30,"channels":{"first":0,"second":0},"normalization":"Percentile",
        "invert":false},"ap50_before":0.5,"ap50_after":null,"images":3,"labelled_images":0,"validation_images":1}
        """;

    private static string LogLines =>
        """
        {"kind":"start","seed":7}
        {"kind":"step","iteration":1,"loss":0.25,"kept":[0.5,0.25]}
        {"kind":"step","iteration":2,"loss":"NaN","kept":[]}
        """;

    private static string Yaml =>
        """
        # A description
        format_version: 0.5.4
        name: "Small \u0041"
        tags: [a, 'b''c', {d: 1.5, e: null}]
        inputs:
        - id: x
          axes:
          - {type: batch, size: 1}
          - type: channel
            channel_names: [g]
        text: |
          first
            second
        folded: >-
          one
          two
        """;

    private static TorchCheckpoint State() => SeedFiles.State();

    private static OnnxTensor[] Tensors() =>
    [
        OnnxTensor.FromFloats("a", [2, 3], [1, 2, 3, 4, 5, 6]), OnnxTensor.FromInt64s("b", [], [5]),
        OnnxTensor.FromRaw("c", OnnxDataType.Float16, [3], new byte[6]),
        OnnxTensor.FromRaw("d", OnnxDataType.Double, [2], new byte[16]), OnnxTensor.FromFloats("e", [0], []),
    ];

    private static IEnumerable<byte[]> Texts(string text) => [Encoding.UTF8.GetBytes(text)];

    private static IEnumerable<byte[]> Tiffs()
    {
        const string ImageJ = "ImageJ=1.11a\nimages=3\nchannels=3\nhyperstack=true\n";
        const string Ome = "<?xml version=\"1.0\"?><OME><Image><Pixels DimensionOrder=\"XYCZT\" SizeC=\"2\" SizeZ=\"2\" "
            + "SizeT=\"1\"><Channel SamplesPerPixel=\"1\"/></Pixels></Image></OME>";
        byte[] plain = [.. Enumerable.Range(0, 64).Select(i => (byte)i)];
        byte[] packed = [.. Enumerable.Repeat(new byte[] { 249, 7 }, 8).SelectMany(p => p)];
        byte[] lzw = [0x80, 0x00, 0x60, 0x50, 0x38, 0x24, 0x16, 0x0d, 0x07, 0x84, 0x42, 0x61, 0x50, 0x10];
        yield return SeedFiles.Tiff(SampleKind.UInt16, 1, 9, 7);
        yield return SeedFiles.Tiff(SampleKind.Float32, 3, 5, 6, ImageJ);
        yield return SeedFiles.Tiff(SampleKind.UInt8, 4, 8, 8, Ome);
        yield return SeedFiles.TiffOf(true, 8, 8, 1, plain);
        yield return SeedFiles.TiffOf(false, 8, 8, 1, plain[..32], plain[32..]);
        yield return SeedFiles.TiffOf(false, 8, 8, 32773, packed);
        yield return SeedFiles.TiffOf(false, 4, 3, 5, lzw);
        yield return SeedFiles.TiffOf(false, 8, 8, 8, Inflater.Deflate(plain));
        foreach (byte[] kind in SeedFiles.TiffKinds())
        {
            yield return kind;
        }
    }

    /// <summary>A few bytes that unpack to a picture as large as they can.</summary>
    private static byte[] Unpacking() => SeedFiles.TiffOf(false, 2048, 2048, 8, Inflater.Deflate(new byte[2048 * 2048]));

    private static IEnumerable<byte[]> Pngs()
    {
        foreach ((int colour, int depth) in ((int, int)[])[(0, 1), (0, 8), (0, 16), (2, 8), (3, 2), (4, 8), (6, 16)])
        {
            yield return SeedFiles.Png(colour, depth, 9);
            yield return SeedFiles.Png(colour, depth, 9, interlaced: true);
        }
    }

    private static IEnumerable<byte[]> Npys()
    {
        yield return NpyFile.Encode(new float[24], 2, 3, 4);
        yield return NpyFile.Encode(new float[6], 2, 3);
        string text = "{'descr': '>u2', 'fortran_order': True, 'shape': (3L, 4), }\n";
        yield return [.. NpyHeader.Signature, 1, 0, (byte)text.Length, 0, .. Encoding.ASCII.GetBytes(text), .. new byte[24]];
    }

    private static void ReadOnnx(byte[] bytes) => Patch(OnnxModel.Parse(bytes, Origin));

    private void ReadBeside(byte[] bytes)
    {
        OnnxModel model = OnnxModel.Load(bytes, _path);
        Patch(model);
        Patch(model.Embedded());
    }

    private static void Patch(OnnxModel model)
    {
        Network network = Network.Read(model);
        model.WithWeights(new WeightSnapshot(network.InitialParameters, network.InitialStatistics).ByName(network));
    }

    /// <summary>Everything that can be made of a model; what is written must be read again.</summary>
    private static void Export(byte[] bytes)
    {
        OnnxModel model = OnnxModel.Parse(bytes, Origin);
        ConsumerCheck.Check(model);
        Network network = Network.Read(model);
        int side = 2 * network.SizeMultiple;
        List<SelfAdaptException> refusals = [];
        foreach (ModelVariant variant in (ModelVariant[])
            [ModelVariant.Portable, ModelVariant.Static(side), ModelVariant.Fp16])
        {
            Try(() =>
            {
                OnnxModel written = OnnxModel.Parse(
                    NetworkWriter.Write(model, network, variant, new Dictionary<string, string>()), "written");
                if (variant != ModelVariant.Fp16)
                {
                    Network.Read(written);
                }
            });
        }

        // Most networks are not Cellpose's, which is said too, but no reason to count the model as refused.
        SelfAdaptException? variants = refusals.FirstOrDefault();
        Try(() => CellposeGraphBuilder.Build(CellposeStateReader.Read(model, network, 30, 30)));
        if (variants is not null)
        {
            throw variants;
        }

        void Try(Action export)
        {
            try
            {
                export();
            }
            catch (SelfAdaptException e) when (e.Message.Contains(Origin, StringComparison.Ordinal))
            {
                refusals.Add(e);
            }
        }
    }

    private static void ReadTorch(byte[] bytes) => CellposeGraphBuilder.Build(TorchCheckpoint.Parse(bytes, Origin));

    private static void ReadImages(byte[] bytes)
    {
        FileBytes file = new(Origin, bytes);
        if (!TiffDirectory.Sniff(bytes))
        {
            Raster raster = ImageFile.DecodeSingle(file, labels: true);
            raster.ToImage();
            raster.ToLabels(file);
            return;
        }

        TiffReader tiff = new(file);
        for (int i = 0; i < Math.Min(tiff.ImageCount, 4); i++)
        {
            tiff.Decode(i).ToImage();
        }
    }

    private static byte[] MutateEntry(string name, byte[] content, RandomStream random)
    {
        StructuredMutator? own = Path.GetExtension(name) switch
        {
            ".yaml" or ".md" => FormatMutators.Text,
            ".npy" => FormatMutators.Npy,
            ".png" => FormatMutators.Png,
            ".onnx" => ProtobufMutator.Mutate,
            _ => null,
        };
        return own?.Invoke(content, [], random) ?? ByteMutator.Mutate(content, [], random);
    }

    /// <summary>A frame that numcodecs packed: Zstandard, bits shuffled.</summary>
    private static IEnumerable<byte[]> Bloscs()
    {
        yield return Convert.FromBase64String(
            "AgGUAvQfAAAAEAAAuwAAABgAAABpAAAATQAAACi1L/1gAA8dAgBQAP//AAD//wD/ABqgYB8gRYIyD/z/EclHIVJfakuxovhnXZX2LCFv6vjmDqY3QXY/bwOLA5TWKIjyCHWL1CdFljkbTgAAACi1L/1g9A4lAgAkAqAApaqvtLm+w8jN0tfc4ebr8PX6/wQBCQ4TGB0iJywxNjsgpBD4BuDHKpBzzjnnnPPenHOcc85xzjnHOeecs92lFA==");
    }

    /// <summary>Reads regions and, of those that lie within an image, paints them.</summary>
    private void ReadRegions(byte[] bytes)
    {
        File.WriteAllBytes(_path, bytes);
        foreach (ImageJRegion region in ImageJRegion.Read(_path))
        {
            RegionStrokes.Draw([region with { Group = 1 }], _path, 64, 48);
        }
    }

    private void ReadZarr(byte[] bytes)
    {
        string store = Path.Combine(_folder, Origin + ".zarr");
        Directory.CreateDirectory(store);
        File.WriteAllBytes(Path.Combine(store, "zarr.json"), bytes);
        using IPictureReader? reader = ImageFile.TryOpen(store);
        reader?.Decode(0, 0, 1);
    }

    private void ReadRows(byte[] bytes)
    {
        File.WriteAllBytes(_path, bytes);
        using PictureRows? rows = ImageFile.TryOpenRows(_path);
        if (rows is null)
        {
            return;
        }

        rows.Read(0, Math.Min(rows.Height, 8));
        rows.Read(rows.Height - 1, 1);
    }

    private void ReadConfig(byte[] bytes)
    {
        File.WriteAllBytes(_path, bytes);
        Command command = AdaptVerb.Create(new Terminal(TextWriter.Null, TextWriter.Null, interactive: false, default));
        string[] words = ["--config", _path];
        RunConfig.Expand(words, command.Parse(words), []);
    }

    private void ReadSummary(byte[] bytes)
    {
        File.WriteAllBytes(RunFolder.Summary(_folder), bytes);
        RunRecord record = RunRecord.Read(_folder)!;
        _ = (record.Diameter, record.DiamMean, record.DiamLabels, record.Iterations, record.KeptIteration, record.Seed,
            record.StopReason, record.Normalization, record.Invert, record.FnRate, record.EmbeddingDistance,
            record.Ap50, record.Images, record.Channels, record.Outputs, record.Segmentation);
    }

    private void ReadLog(byte[] bytes)
    {
        File.WriteAllBytes(_path, bytes);
        RunCurves.Read(_path);
        File.WriteAllBytes(Path.Combine(_folder, SegmentJournal.FileName), bytes);
        using SegmentJournal journal = SegmentJournal.Open(_folder, "options");
        journal.Finished("a");
    }

    private void ReadCheckpoint(byte[] bytes)
    {
        File.WriteAllBytes(_path, bytes);
        CheckpointFile.Read(_path, SeedFiles.Small.Value, SeedFiles.Fingerprint);
    }

    private void ReadPackage(byte[] bytes)
    {
        File.WriteAllBytes(_path, bytes);
        if (PackageCheck.IsPackage(_path))
        {
            PackageCheck.Check(_path);
        }
    }
}
