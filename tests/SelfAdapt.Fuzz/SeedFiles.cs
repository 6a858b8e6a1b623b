using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;
using System.Text.Json.Nodes;
using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Resuming;
using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Files;
using SelfAdapt.Files.Npy;
using SelfAdapt.Files.Png;
using SelfAdapt.Files.Regions;
using SelfAdapt.Files.Tiff;
using SelfAdapt.Models.Cellpose;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.Torch;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Packages;
using SelfAdapt.ShallowToDeep.Features;
using SelfAdapt.ShallowToDeep.Forest;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Pbm;
using SixLabors.ImageSharp.Formats.Tga;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.PixelFormats;
using ZstdSharp;
using SharpImage = SixLabors.ImageSharp.Image;

namespace SelfAdapt.Fuzz;

/// <summary>Files that readers accept, written by this program's own writers, and a few made to do harm.</summary>
internal static class SeedFiles
{
    public const string Fingerprint = "fuzz";

    public static readonly Lazy<Network> Small = new(() => Network.Read(Cellpose()));

    /// <summary>Cellpose's network with two levels of two channels.</summary>
    public static OnnxModel Cellpose() => CellposeGraphBuilder.Build(State());

    public static TorchCheckpoint State()
    {
        RandomStream random = new(3);
        return CellposeGraphBuilder.RandomState([1, 2, 2], random.NextUniform);
    }

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

    public static byte[] UNet()
    {
        GraphSketch sketch = new(5, 1, 1);
        Sketched top = sketch.Relu(sketch.BatchNorm(sketch.Conv(sketch.Image, 3, 3)));
        Sketched bottom = sketch.Relu(sketch.Conv(sketch.MaxPool(top), 4, 1));
        sketch.Conv(sketch.Concat(sketch.Resize(bottom, "linear"), top), 1, 3, "y");
        return sketch.ToArray();
    }

    /// <summary>Models to be exported: as they come, and as variants that were exported before.</summary>
    public static IEnumerable<byte[]> Exports()
    {
        foreach (byte[] bytes in (byte[][])[UNet(), Cellpose().Bytes])
        {
            yield return bytes;
            OnnxModel model = OnnxModel.Parse(bytes, "seed");
            yield return NetworkWriter.Write(
                model, Network.Read(model), ModelVariant.Portable, new Dictionary<string, string>());
        }
    }

    /// <summary>
    /// A picture in every format that ImageSharp reads for us, gray and in colours, one frame and two.
    /// </summary>
    public static IEnumerable<byte[]> OtherPictures()
    {
        using Image<Rgb24> colours = new(24, 17);
        using Image<L8> gray = new(24, 17);
        for (int i = 0; i < 24 * 17; i++)
        {
            colours[i % 24, i / 24] = new Rgb24((byte)(i * 7), (byte)(i * 3), (byte)i);
            gray[i % 24, i / 24] = new L8((byte)(i * 11));
        }

        using Image<Rgb24> frames = colours.Clone();
        frames.Frames.AddFrame(colours.Frames.RootFrame);
        (SharpImage Picture, IImageEncoder Encoder)[] files =
        [
            (colours, new JpegEncoder { Quality = 80 }), (gray, new JpegEncoder { ColorType = JpegColorType.Luminance }),
            (colours, new BmpEncoder()), (gray, new BmpEncoder { BitsPerPixel = BmpBitsPerPixel.Pixel8 }),
            (colours, new GifEncoder()), (frames, new GifEncoder()),
            (colours, new WebpEncoder { FileFormat = WebpFileFormatType.Lossless }),
            (colours, new WebpEncoder { FileFormat = WebpFileFormatType.Lossy }),
            (colours, new TgaEncoder()), (gray, new TgaEncoder { BitsPerPixel = TgaBitsPerPixel.Pixel8 }),
            (colours, new PbmEncoder { ColorType = PbmColorType.Rgb }),
            (gray, new PbmEncoder { ColorType = PbmColorType.Grayscale, ComponentType = PbmComponentType.Short }),
            (gray, new PbmEncoder { Encoding = PbmEncoding.Plain, ColorType = PbmColorType.BlackAndWhite }),
        ];
        foreach ((SharpImage picture, IImageEncoder encoder) in files)
        {
            using MemoryStream file = new();
            picture.Save(file, encoder);
            yield return file.ToArray();
            if (encoder is BmpEncoder { BitsPerPixel: null })
            {
                yield return WithProfile(file.ToArray());
            }
        }
    }

    /// <summary>A BMP file with the longest header, which tells of a colour profile at the file's end.</summary>
    private static byte[] WithProfile(byte[] bitmap)
    {
        const int More = 84;
        byte[] longer = [.. bitmap[..54], .. new byte[More], .. bitmap[54..], 1, 2, 3, 4];
        longer[10] += More;
        longer[14] = 124;
        BinaryPrimitives.WriteInt32LittleEndian(longer.AsSpan(126), longer.Length - 18);
        longer[130] = 4;
        return longer;
    }

    /// <summary>A model with its float weights in a file beside it, and a few bytes between them.</summary>
    public static (byte[] Model, byte[] Weights) Beside(OnnxModel model, string location)
    {
        Splicer splicer = new(model);
        using MemoryStream weights = new();
        foreach (OnnxTensor weight in model.Graph.Initializers.Where(t => t.DataType == OnnxDataType.Float))
        {
            weights.Write([1, 2, 3, 4]);
            ProtoWriter tensor = OnnxWriter.TensorHead(weight, weight.Name);
            byte[] values = weight.ToRaw();
            Add("location", location);
            Add("offset", FormattableString.Invariant($"{weights.Length}"));
            Add("length", FormattableString.Invariant($"{values.Length}"));
            tensor.Int(TensorFields.DataLocation, 1);
            ProtoWriter field = new();
            field.Message(GraphFields.Initializer, tensor);
            splicer.Replace(weight.Record, field.ToArray());
            weights.Write(values);

            void Add(string key, string value) =>
                tensor.Message(TensorFields.ExternalData, OnnxWriter.MetadataEntry(key, value));
        }

        return (splicer.Finish(), weights.ToArray());
    }

    /// <summary>Models that keep their weights where none are read.</summary>
    public static IEnumerable<byte[]> Elsewhere() =>
        ((string[])
            ["missing.bin", "../weights.bin", "/etc/passwd", "a/../../b", "link", "C:\\x", "", ".", "..", "a\0b"])
            .Select(location => Beside(OnnxModel.Parse(UNet(), "seed"), location).Model);

    /// <summary>A state dict as safetensors.</summary>
    public static byte[] SafeTensors(IEnumerable<OnnxTensor> tensors)
    {
        using MemoryStream data = new();
        JsonObject header = new() { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
        foreach (OnnxTensor tensor in tensors)
        {
            long begin = data.Length;
            data.Write(tensor.ToRaw());
            header[tensor.Name] = new JsonObject
            {
                ["dtype"] = tensor.DataType switch
                {
                    OnnxDataType.Double => "F64",
                    OnnxDataType.Float16 => "F16",
                    OnnxDataType.BFloat16 => "BF16",
                    OnnxDataType.Int64 => "I64",
                    _ => "F32",
                },
                ["shape"] = new JsonArray([.. tensor.Dims.Select(d => (JsonNode)d)]),
                ["data_offsets"] = new JsonArray(begin, data.Length),
            };
        }

        byte[] text = Encoding.UTF8.GetBytes(header.ToJsonString());
        return [.. BitConverter.GetBytes((long)text.Length), .. text, .. data.ToArray()];
    }

    /// <summary>A chain of sums that takes every value as often as it can be named, and a loop.</summary>
    public static byte[] Nested(bool cyclic)
    {
        OnnxWriter writer = new("nested", 16, 8);
        writer.AddInput(GraphSketch.Value("x", 1));
        writer.AddOutput(GraphSketch.Value("y", 1));
        writer.AddInitializer(OnnxTensor.FromInt64s("long", [2], [65_536, 1]));
        writer.AddNode("ConstantOfShape", "big", ["long"], ["c0"]);
        for (int i = 0; i < 2000; i++)
        {
            writer.AddNode("Add", $"add{i}", [$"c{i}", "c0"], [$"c{i + 1}"]);
        }

        writer.AddNode("Relu", "relu", [cyclic ? "y" : "x"], ["y"]);
        return writer.ToArray();
    }

    /// <summary>Torch's format from before 1.6, which nothing here writes: pickles, then storages.</summary>
    public static byte[] LegacyTorch(IReadOnlyList<OnnxTensor> tensors)
    {
        using MemoryStream stream = new();
        stream.Write([0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]);
        stream.Write(Pickled(p => p.Int(1001)));
        stream.Write(Pickled(p =>
        {
            p.Op(PickleOpcodes.EmptyDict);
            p.Op(PickleOpcodes.Mark);
            p.Text("little_endian");
            p.Op(PickleOpcodes.NewTrue);
            p.Op(PickleOpcodes.SetItems);
        }));
        stream.Write(PickleOf(tensors));
        stream.Write(Pickled(p =>
        {
            p.Op(PickleOpcodes.EmptyList);
            p.Op(PickleOpcodes.Mark);
            for (int i = 0; i < tensors.Count; i++)
            {
                p.Text(FormattableString.Invariant($"{i}"));
            }

            p.Op(PickleOpcodes.Appends);
        }));
        foreach (OnnxTensor tensor in tensors)
        {
            stream.Write(BitConverter.GetBytes(tensor.Count));
            stream.Write(tensor.ToRaw());
        }

        return stream.ToArray();
    }

    /// <summary>The data.pkl of a checkpoint.</summary>
    public static byte[] PickleOf(IReadOnlyList<OnnxTensor> tensors)
    {
        using ZipArchive zip = new(new MemoryStream(new TorchCheckpoint("seed", tensors).ToArray()));
        using Stream entry = zip.Entries.Single(e => e.Name == "data.pkl").Open();
        using MemoryStream copy = new();
        entry.CopyTo(copy);
        return copy.ToArray();
    }

    /// <summary>Pickles that would run a program where they are unpickled by Python.</summary>
    public static IEnumerable<byte[]> ForeignPickles() =>
        ((string[])["os system", "posix system", "builtins eval", "__builtin__ exec", "torch.serialization load"])
            .Select(name => Pickled(p =>
            {
                p.Global(name);
                p.Op(PickleOpcodes.Mark);
                p.Text("touch fuzz-was-here");
                p.Op(PickleOpcodes.Tuple);
                p.Op(PickleOpcodes.Reduce);
            }));

    /// <summary>A checkpoint with many storages that all lie in the same bytes of the zip file.</summary>
    public static byte[] OverlappingStorages(int count, int elements)
    {
        OnnxTensor one = OnnxTensor.FromFloats("w", [elements], new float[elements]);
        OnnxTensor[] tensors = [.. Enumerable.Range(0, count)
            .Select(i => OnnxTensor.FromFloats($"w{i}", [0], []))];
        byte[] pickle = PickleOf(tensors);

        // Every storage is said to have all elements, every tensor none of them.
        byte[] none = [(byte)'J', 0, 0, 0, 0, (byte)'t', (byte)'Q'];
        for (int at = 0; (at = IndexOf(pickle, none, at)) >= 0; at++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(pickle.AsSpan(at + 1), elements);
        }

        byte[] zip = Zip(false, [("a/data.pkl", pickle), ("a/data/0", one.ToRaw())]);
        int directory = IndexOf(zip, "PK\x01\x02"u8.ToArray(), 0);
        int first = IndexOf(zip, "PK\x01\x02"u8.ToArray(), directory + 4);
        int end = IndexOf(zip, "PK\x05\x06"u8.ToArray(), first);
        byte[] entry = zip[first..end];
        List<byte> all = [.. zip[..first]];
        for (int i = 0; i < count; i++)
        {
            byte[] name = Encoding.ASCII.GetBytes(FormattableString.Invariant($"a/data/{i}"));
            byte[] copy = [.. entry.AsSpan(0, 46), .. name, .. entry.AsSpan(46 + "a/data/0".Length)];
            BinaryPrimitives.WriteUInt16LittleEndian(copy.AsSpan(28), (ushort)name.Length);
            all.AddRange(copy);
        }

        byte[] tail = zip[end..];
        BinaryPrimitives.WriteUInt16LittleEndian(tail.AsSpan(8), (ushort)(count + 1));
        BinaryPrimitives.WriteUInt16LittleEndian(tail.AsSpan(10), (ushort)(count + 1));
        BinaryPrimitives.WriteInt32LittleEndian(tail.AsSpan(12), all.Count - directory);
        return [.. all, .. tail];
    }

    public static byte[] Tiff(SampleKind kind, int planes, int height, int width, string description = "")
    {
        byte[] values = new byte[planes * height * width * kind.Size()];
        Noise(values);
        return TiffWriter.Encode(kind, planes, height, width, values, description);
    }

    /// <summary>A TIFF page: any compression, strips, byte order.</summary>
    public static byte[] TiffOf(bool big, int width, int height, int compression, params byte[][] strips) =>
        new TiffBuilder(big).Page(
            width, height, strips, (TiffTag.Compression, compression),
            (TiffTag.RowsPerStrip, (height + strips.Length - 1) / strips.Length)).ToArray();

    /// <summary>TIFF files of every kind of storage, colours and descriptions.</summary>
    public static IEnumerable<byte[]> TiffKinds()
    {
        const int Side = 16;
        byte[] plain = new byte[Side * Side * 4];
        Noise(plain);
        byte[] gray = plain[..(Side * Side)];
        byte[] rgb = plain[..(Side * Side * 3)];
        using Image<Rgb24> picture = SharpImage.LoadPixelData<Rgb24>(rgb, Side, Side);
        using Compressor zstandard = new();
        byte[] jpeg = Encoded(new JpegEncoder { ColorType = JpegColorType.YCbCrRatio420 });
        byte[] grayJpeg = Encoded(new JpegEncoder { ColorType = JpegColorType.Luminance });
        yield return Gray(
            [gray[..64], null, gray[..64], gray[..64]], (TiffTag.TileWidth, 8), (TiffTag.TileLength, 8),
            (TiffTag.TileOffsets, 0));
        yield return Gray([gray], (TiffTag.FillOrder, 2));
        yield return Gray([zstandard.Wrap(gray).ToArray()], (TiffTag.Compression, 50000));
        foreach (int bits in (int[])[1, 4, 12, 24])
        {
            yield return Gray(
                [plain[..(Side * Side * bits / 8)]], (TiffTag.BitsPerSample, bits), (TiffTag.Photometric, 0));
        }

        // Rows of three white and five black pixels: as they are, each behind an end of line, and by the row above.
        const string Row = "10000011";
        const string EndOfLine = "000000000001";
        foreach ((int compression, string fax) in ((int, string)[])
            [
                (2, Repeated(Row)), (3, Repeated(EndOfLine + Row)),
                (4, "001" + Row + "11111111111111" + EndOfLine + EndOfLine),
            ])
        {
            string whole = fax.PadRight((fax.Length + 7) / 8 * 8, '0');
            byte[] bits = [.. whole.Chunk(8).Select(b => Convert.ToByte(new string(b), 2))];
            yield return new TiffBuilder().Page(
                8, 8, [bits], (TiffTag.BitsPerSample, 1), (TiffTag.Compression, compression)).ToArray();
        }

        yield return Gray([grayJpeg], (TiffTag.Compression, 7));
        foreach (int compression in (int[])[6, 7])
        {
            yield return Colours(jpeg, 6, 3, (TiffTag.Compression, compression));
        }

        yield return Colours(
            jpeg, 6, 3, (TiffTag.Compression, 6), (TiffTag.OldJpegStream, 8),
            (TiffTag.ReferenceBlackWhite, new byte[48]));
        yield return Colours(
            Encoded(new WebpEncoder { FileFormat = WebpFileFormatType.Lossy }), 2, 3, (TiffTag.Compression, 50001));
        yield return Colours(plain[..(64 * 6)], 6, 3, (TiffTag.YCbCrSubsampling, new short[] { 2, 2 }));
        yield return Colours(plain, 5, 4);
        yield return Colours(rgb, 8, 3);
        yield return Colours(rgb, 9, 3);
        yield return new TiffBuilder().Page(
            Side, 8, [gray[..128], gray[..128]], (TiffTag.ImageDepth, 2)).ToArray();
        yield return new TiffBuilder().Page(
            8, 8, [gray], (TiffTag.MetaMorphPlanes, new long[4]), (TiffTag.StripByteCounts, 64)).ToArray();
        yield return Gray([gray], (TiffTag.ZeissInfo, new byte[32]));
        foreach (string description in (string[])
        [
            "{\"shape\": [3, 4, 4], \"axes\": \"TYX\"}", "{\"shape\": [3, 4, 4], \"axes\": \"YXC\"}", "shape=(3, 4, 4)",
            "<OME UUID=\"a\"><Image><Pixels SizeC=\"3\" DimensionOrder=\"XYZCT\"><TiffData IFD=\"2\" FirstC=\"0\"/>"
                + "<TiffData IFD=\"0\" FirstC=\"1\" PlaneCount=\"2\"><UUID FileName=\"b\">a</UUID></TiffData></Pixels>"
                + "</Image></OME>",
        ])
        {
            yield return new TiffBuilder().Page(4, 4, [gray[..16]], (TiffTag.ImageDescription, description))
                .Page(4, 4, [gray[..16]]).Page(4, 4, [gray[..16]]).ToArray();
        }

        yield return Gray([gray], (TiffTag.MicroManagerMetadata, "{\"Axes\": {\"z\": 0, \"channel\": \"a\"}}"));

        string Repeated(string row) => string.Concat(Enumerable.Repeat(row, 8));

        byte[] Gray(byte[]?[] strips, params (TiffTag, object?)[] tags) =>
            new TiffBuilder().Page(Side, Side, strips, tags).ToArray();

        byte[] Colours(byte[] strip, int photometric, int samples, params (TiffTag, object?)[] tags) =>
            Gray([strip], [(TiffTag.Photometric, photometric), (TiffTag.SamplesPerPixel, samples), .. tags]);

        byte[] Encoded(IImageEncoder encoder)
        {
            using MemoryStream file = new();
            picture.Save(file, encoder);
            return file.ToArray();
        }
    }

    public static byte[] Png(int colourType, int depth, int side, bool interlaced = false)
    {
        int samples = colourType switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };
        byte[] rows = new byte[2 * side * (1 + (((side * samples * depth) + 7) / 8)) + 64];
        Noise(rows);
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = (byte)(rows[i] & 3);
        }

        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, side);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), side);
        (header[8], header[9], header[12]) = ((byte)depth, (byte)colourType, (byte)(interlaced ? 1 : 0));
        using MemoryStream stream = new();
        stream.Write(PngReader.Signature);
        Chunk("IHDR"u8, header);
        if (colourType == 3)
        {
            Chunk("PLTE"u8, new byte[12]);
        }

        Chunk("IDAT"u8, Inflater.Deflate(rows));
        Chunk("IEND"u8, []);
        return stream.ToArray();

        void Chunk(ReadOnlySpan<byte> type, byte[] data)
        {
            Span<byte> number = stackalloc byte[4];
            BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
            stream.Write(number);
            stream.Write(type);
            stream.Write(data);
            BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.HashToUInt32([.. type, .. data]));
            stream.Write(number);
        }
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

    private static byte[] Pickled(Action<PickleWriter> content)
    {
        PickleWriter writer = new(2);
        content(writer);
        return writer.Finish();
    }

    private static void Noise(Span<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)CounterRandom.UInt64(17, (ulong)i);
        }
    }

    private static int IndexOf(byte[] bytes, byte[] part, int from)
    {
        int found = bytes.AsSpan(from).IndexOf(part);
        return found < 0 ? -1 : from + found;
    }
}
