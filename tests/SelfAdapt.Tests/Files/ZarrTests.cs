using System.IO.Compression;
using System.Text.Json;
using K4os.Compression.LZ4;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Files.Zarr;
using ZstdSharp;

namespace SelfAdapt.Tests.Files;

/// <summary>OME-Zarr and plain Zarr, written here by their specifications; frames of blosc by numcodecs 0.10.</summary>
[TestClass]
internal sealed class ZarrTests
{
    private const int Height = 13;
    private const int Width = 17;

    private static readonly string[] Compressors2 = ["null", "zlib", "gzip", "zstd", "lz4"];

    private readonly string _folder = Directory.CreateTempSubdirectory("selfadapt-zarr-").FullName;

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void Read_Version2_AllCompressors_ChunksThatDoNotFill()
    {
        foreach (string compressor in Compressors2)
        {
            foreach (bool bigEndian in (bool[])[false, true])
            {
                string store = At($"{compressor}{bigEndian}.zarr");
                Group2(store, "yx", "0");
                Array2(Path.Combine(store, "0"), [Height, Width], [5, 6], compressor, bigEndian);
                NamedImage image = ImageFile.ReadAll(store).Single();
                Assert.AreEqual(Path.GetFileNameWithoutExtension(store), image.Name);
                AssertValues(image.Image, [Height, Width], 0);
            }
        }
    }

    [TestMethod]
    public void Read_FiveAxes_ChannelsOfOnePositionAreOneImage_TheRestATimeSeriesOfStacks()
    {
        string store = At("five.zarr");
        long[] shape = [2, 3, 4, Height, Width];
        Group2(store, "tczyx", "0");
        Array2(Path.Combine(store, "0"), shape, [1, 2, 3, 8, 8], "zstd", false);
        IReadOnlyList<NamedImage> images = ImageFile.ReadAll(store);
        Assert.HasCount(8, images);
        Assert.AreEqual(new StackShape(4, 2, false), images[0].Shape);
        Assert.IsFalse(images[0].IsOfOneStack);
        for (int i = 0; i < images.Count; i++)
        {
            Assert.AreEqual(3, images[i].Image.Channels);
            for (int c = 0; c < 3; c++)
            {
                // Values count up in C order.
                int first = ((((i / 4) * 3) + c) * 4) + (i % 4);
                AssertCounts(images[i].Image.Plane(c), first * Height * Width);
            }
        }
    }

    [TestMethod]
    public void Read_ChannelsLast_AreTakenApart()
    {
        string store = At("last.zarr");
        Group2(store, "yxc", "0");
        Array2(Path.Combine(store, "0"), [Height, Width, 2], [8, 8, 2], "null", false);
        Image image = ImageFile.ReadAll(store).Single().Image;
        Assert.AreEqual(2, image.Channels);
        for (int i = 0; i < Height * Width; i++)
        {
            Assert.AreEqual(2 * i, image.Plane(0)[i]);
            Assert.AreEqual((2 * i) + 1, image.Plane(1)[i]);
        }
    }

    [TestMethod]
    public void Read_Level_TakesTheSmallerCopy()
    {
        string store = At("levels.zarr");
        Group2(store, "yx", "0", "half");
        Array2(Path.Combine(store, "0"), [Height, Width], [8, 8], "null", false);
        Array2(Path.Combine(store, "half"), [7, 9], [8, 8], "null", false);
        AssertValues(ImageFile.ReadAll(store, level: 1).Single().Image, [7, 9], 0);
        Assert.AreEqual(1, ImageFacts.Read(store).Levels);
        AssertRefused(() => ImageFile.ReadAll(store, level: 2), "its levels are 0, the full size, to 1");
    }

    [TestMethod]
    public void Read_ChunksThatAreNotStored_HoldTheFillValue()
    {
        string store = At("holes.zarr");
        Group2(store, "yx", "0");
        Array2(Path.Combine(store, "0"), [Height, Width], [8, 8], "null", false, fill: "7");
        File.Delete(Path.Combine(store, "0", "0", "1"));
        Image image = ImageFile.ReadAll(store).Single().Image;
        Assert.AreEqual(0f, image.Pixels[0]);
        Assert.AreEqual(7f, image.Pixels[8]);
    }

    [TestMethod]
    [DataRow("gzip", false, false)]
    [DataRow("zstd", true, false)]
    [DataRow("none", true, true)]
    public void Read_Version3_CodecsAndShards(string compressor, bool sharded, bool indexFirst)
    {
        string store = At("three.zarr");
        Directory.CreateDirectory(store);
        Write(Path.Combine(store, "zarr.json"), """
            {"zarr_format":3,"node_type":"group","attributes":{"ome":{"version":"0.5","multiscales":[{"axes":[{"name":"c"},
            {"name":"y"},{"name":"x"}],"datasets":[{"path":"s0"}]}]}}}
            """);
        Array3(Path.Combine(store, "s0"), [2, Height, Width], [1, 4, 6], compressor, sharded ? [2, 8, 12] : null, indexFirst);
        AssertValues(ImageFile.ReadAll(store).Single().Image, [2, Height, Width], 0);
        using PictureRows rows = ImageFile.TryOpenRows(store)!;
        Image some = rows.Read(5, 4);
        AssertCounts(some.Plane(1), (Height * Width) + (5 * Width));
    }

    [TestMethod]
    [DataRow("LZ4, bytes shuffled", "AgEhAvQfAAD0HwAAgAEAABQAAABGAQAAHwABACwfBQEALB8KAQAsHw8BACwfFAEALB8ZAQAsHx4BACwfIwEALB8oAQAsHy0BACwfMgEALB83AQAsHzwBACwfQQEALB9GAQAsH0sBACwfUAEALB9VAQAsH1oBACwfXwEALB9kAQAsH2kBACwfbgEALB9zAQAsH3gBACwffQEALB+CAQAsH4cBACwfjAEALB+RAQAsH5YBACwfmwEALB+gAQAsH6UBACwfqgEALB+vAQAsH7QBACwfuQEALB++AQAsH8MBACwfyAEALB/NAQAsH9IBACwf1wEALB/cAQAsH+EBACwf5gEALB/rAQAsH/ABACwf9QEALB/6AQAsH/8BACwfBAEALB8JAQAsHw4BACwfEwEALB8YAQAsHx0BACwfIgEALB8nAQAsHywBACwfMQEALB82AQAsHzsBACFQOzs7OzseAAAAHwABAP////////////////gfAQEA///jUAEBAQEB")]
    [DataRow("zlib, plain", "AgFgAvQfAAD0HwAA4QAAABQAAABeAAAAeNrFwZECg1AAAMAnSZIkSZJMkiRJJkmSJJMkSZIkSZIkmST9bJ9xdyFYER7jCZ7iGZ7jBf7BS7zCa7zBv3iLd3iPD/gPH/EJn/EFX/EN3/EDP/EL/+M3/rAvtaFqTmcAAAB42sXCkRaDUAAA0HXOJJlMkiRJJsmkT32SJEmSJEmSJJNJkkwmSZJs/cU994ZLOFVYjTVYi3VYjw3YiE3YjL2wN7ZgK/bBvtiG7diB/bBrZMXYDbtjCZZiGZZjD6zAnlgJ/AHfsm+m")]
    [DataRow("Zstandard, bits shuffled, blocks of 4096", "AgGUAvQfAAAAEAAAuwAAABgAAABpAAAATQAAACi1L/1gAA8dAgBQAP//AAD//wD/ABqgYB8gRYIyD/z/EclHIVJfakuxovhnXZX2LCFv6vjmDqY3QXY/bwOLA5TWKIjyCHWL1CdFljkbTgAAACi1L/1g9A4lAgAkAqAApaqvtLm+w8jN0tfc4ebr8PX6/wQBCQ4TGB0iJywxNjsgpBD4BuDHKpBzzjnnnPPenHOcc85xzjnHOeecs92lFA==")]
    public void Decode_Blosc_IsWhatWasPacked(string how, string frame)
    {
        byte[] values = new byte[8180];
        byte[] packed = Convert.FromBase64String(frame);
        BloscFrame.Decode(new FileBytes("a", packed), packed, values, how);
        for (int i = 0; i < 4090; i++)
        {
            Assert.AreEqual(i / 64 * 5, BitConverter.ToUInt16(values, 2 * i), $"{how}, value {i}");
        }

        // Cut off, or with any byte changed, it is refused or gives other values: nothing else comes of it.
        for (int at = 0; at < packed.Length; at++)
        {
            byte[] changed = [.. packed];
            changed[at] ^= 0x55;
            foreach (byte[] damaged in (byte[][])[changed, packed[..at]])
            {
                try
                {
                    BloscFrame.Decode(new FileBytes("a", damaged), damaged, values, how);
                }
                catch (SelfAdaptException e)
                {
                    Assert.AreEqual(ErrorKind.UnreadableInput, e.Kind);
                }
            }
        }
    }

    [TestMethod]
    public void Folder_StoresBesideFiles_AndPlatesFieldByField()
    {
        string plate = At("plate.zarr");
        Group(plate, """{"plate":{"wells":[{"path":"A/1"},{"path":"B/2"}]}}""");
        foreach (string well in (string[])["A/1", "B/2"])
        {
            Group(Path.Combine(plate, well), """{"well":{"images":[{"path":"0"},{"path":"1"}]}}""");
            foreach (string field in (string[])["0", "1"])
            {
                Group2(Path.Combine(plate, well, field), "yx", "0");
                Array2(Path.Combine(plate, well, field, "0"), [Height, Width], [8, 8], "zlib", false);
            }
        }

        Group2(At("single.ome.zarr"), "yx", "0");
        Array2(At("single.ome.zarr", "0"), [Height, Width], [8, 8], "zlib", false);
        ImageFile.WriteTiff(At("file.tif"), new Image(1, 2, 2, [1, 2, 3, 4]));
        Directory.CreateDirectory(At("other"));
        List<SkippedFile> skipped = [];
        CollectionAssert.AreEqual(
            (string[])["file", "plate_A_1_0", "plate_A_1_1", "plate_B_2_0", "plate_B_2_1", "single.ome"],
            ImageFolder.Read(_folder, "", skipped).Select(i => i.Name).ToArray());
        Assert.IsEmpty(skipped);
        Assert.AreEqual("plate_A_1_1", ImageFolder.Read(Path.Combine(plate, "A", "1", "1"), "", skipped).Single().Name);
    }

    [TestMethod]
    [DataRow("""{"filters":[{"id":"delta"}]}""", "filter delta")]
    [DataRow("""{"compressor":{"id":"lzma"}}""", "packed by lzma")]
    [DataRow("""{"order":"F"}""", "Fortran's order")]
    [DataRow("""{"dtype":"<c8"}""", "type <c8")]
    [DataRow("""{"dtype":[["a","<u2"]]}""", "type a structure")]
    [DataRow("""{"chunks":[8]}""", "chunks of 1")]
    [DataRow("""{"chunks":[0,8]}""", "more than is read at once")]
    [DataRow("""{"chunks":[2000000000,2000000000]}""", "more than is read at once")]
    [DataRow("""{"shape":[-1,8]}""", "no list of whole numbers")]
    [DataRow("""{"shape":[1000000000,1000000000]}""", "more than are read")]
    [DataRow("""{"fill_value":"none"}""", "no number")]
    public void Read_WhatIsNotRead_IsNamed(string change, string word)
    {
        string store = At("bad.zarr");
        Group2(store, "yx", "0");
        Array2(Path.Combine(store, "0"), [Height, Width], [8, 8], "null", false);
        string metadata = Path.Combine(store, "0", ".zarray");
        Dictionary<string, JsonElement> array = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(File.ReadAllText(metadata))!;
        foreach ((string key, JsonElement value) in JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(change)!)
        {
            array[key] = value;
        }

        Write(metadata, JsonSerializer.Serialize(array));
        AssertRefused(() => ImageFile.ReadAll(store), word);
    }

    [TestMethod]
    public void Read_DamagedStores_AreNamed()
    {
        string store = At("bad.zarr");
        Group(store, """{"multiscales":[{"axes":[{"name":"y"},{"name":"x"}],"datasets":[{"path":"../x"}]}]}""");
        AssertRefused(() => ImageFile.ReadAll(store), "leads nowhere in it");
        Group2(store, "yx", "0");
        AssertRefused(() => ImageFile.ReadAll(store), "no metadata of Zarr");
        Array2(Path.Combine(store, "0"), [Height, Width], [8, 8], "zlib", false);
        Write(Path.Combine(store, "0", "0", "0"), "no zlib");
        AssertRefused(() => ImageFile.ReadAll(store), "chunk 0, 0 does not decompress");
        Group2(store, "qx", "0");
        AssertRefused(() => ImageFile.ReadAll(store), "its axes (qx)");
        Group(store, "{}");
        AssertRefused(() => ImageFile.ReadAll(store), "without an image of OME-Zarr");
        Group(store, "[1");
        AssertRefused(() => ImageFile.ReadAll(store), "it is no JSON");
    }

    [TestMethod]
    public void Read_ShardOfAnotherChecksum_IsRefused()
    {
        string array = At("shard.zarr");
        Array3(array, [Height, Width], [4, 6], "zstd", [16, 24], false);
        string shard = Directory.GetFiles(Path.Combine(array, "c"), "*", SearchOption.AllDirectories).Single();
        byte[] bytes = File.ReadAllBytes(shard);
        bytes[^10] ^= 1;
        File.WriteAllBytes(shard, bytes);
        AssertRefused(() => ImageFile.ReadAll(array), "does not agree with its checksum");
    }

    private static void AssertRefused(Action read, string word)
    {
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(read);
        Assert.AreEqual(ErrorKind.UnreadableInput, error.Kind);
        StringAssert.Contains(error.Message, word, StringComparison.Ordinal);
    }

    private static void AssertValues(Image image, long[] shape, int first)
    {
        Assert.AreEqual((shape[^2], shape[^1]), (image.Height, image.Width));
        AssertCounts(image.Pixels, first);
    }

    private static void AssertCounts(ReadOnlySpan<float> values, int first)
    {
        for (int i = 0; i < values.Length; i++)
        {
            Assert.AreEqual(first + i, values[i]);
        }
    }

    private string At(params string[] parts) => Path.Combine([_folder, .. parts]);

    private static void Write(string path, string text) => File.WriteAllText(path, text);

    private static void Group(string path, string attributes)
    {
        Directory.CreateDirectory(path);
        Write(Path.Combine(path, ".zgroup"), """{"zarr_format":2}""");
        Write(Path.Combine(path, ".zattrs"), attributes);
    }

    private static void Group2(string path, string axes, params string[] datasets) => Group(path, JsonSerializer.Serialize(new
    {
        multiscales = new[]
        {
            new
            {
                version = "0.4",
                axes = axes.Select(a => new { name = $"{a}" }),
                datasets = datasets.Select(d => new { path = d }),
            },
        },
    }));

    /// <summary>An array whose values count up in C order.</summary>
    private static void Array2(
        string path, long[] shape, long[] chunk, string compressor, bool bigEndian, string fill = "0")
    {
        Directory.CreateDirectory(path);
        Write(Path.Combine(path, ".zarray"), "{\"zarr_format\":2,\"order\":\"C\",\"dimension_separator\":\"/\",\"filters\":null,"
            + $"\"shape\":[{string.Join(',', shape)}],\"chunks\":[{string.Join(',', chunk)}],\"fill_value\":{fill},"
            + $"\"dtype\":\"{(bigEndian ? '>' : '<')}u2\","
            + $"\"compressor\":{(compressor == "null" ? "null" : $"{{\"id\":\"{compressor}\"}}")}}}");
        foreach ((long[] index, ushort[] values) in Chunks(shape, chunk, Count))
        {
            string file = Path.Combine([path, .. index.Select(i => $"{i}")]);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, Pack([.. values.SelectMany(v => Bytes(v, bigEndian))], compressor));
        }

        ushort Count(long[] at) => (ushort)Place(at, shape);
    }

    private static void Array3(string path, long[] shape, long[] chunk, string compressor, long[]? shard, bool indexFirst)
    {
        string codecs = "[{\"name\":\"bytes\",\"configuration\":{\"endian\":\"little\"}}"
            + (compressor == "none" ? "" : $",{{\"name\":\"{compressor}\",\"configuration\":{{}}}}") + "]";
        if (shard is not null)
        {
            codecs = $"[{{\"name\":\"sharding_indexed\",\"configuration\":{{\"chunk_shape\":[{string.Join(',', chunk)}],\"codecs\":{codecs},"
                + "\"index_codecs\":[{\"name\":\"bytes\",\"configuration\":{\"endian\":\"little\"}},{\"name\":\"crc32c\"}],"
                + $"\"index_location\":\"{(indexFirst ? "start" : "end")}\"}}}}]";
        }

        Directory.CreateDirectory(path);
        Write(Path.Combine(path, "zarr.json"), "{\"zarr_format\":3,\"node_type\":\"array\",\"data_type\":\"uint16\",\"fill_value\":0,"
            + $"\"shape\":[{string.Join(',', shape)}],\"codecs\":{codecs},\"chunk_key_encoding\":{{\"name\":\"default\"}},"
            + $"\"chunk_grid\":{{\"name\":\"regular\",\"configuration\":{{\"chunk_shape\":[{string.Join(',', shard ?? chunk)}]}}}}}}");
        foreach ((long[] index, ushort[] values) in Chunks(shape, shard ?? chunk, at => (ushort)Place(at, shape)))
        {
            string file = Path.Combine([path, "c", .. index.Select(i => $"{i}")]);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(
                file, shard is null ? Packed(values) : Shard(values, shard, chunk, Packed, indexFirst));
        }

        byte[] Packed(ushort[] values) => Pack([.. values.SelectMany(v => Bytes(v, false))], compressor);
    }

    private static byte[] Shard(ushort[] values, long[] shard, long[] chunk, Func<ushort[], byte[]> pack, bool indexFirst)
    {
        byte[][] chunks = [.. Chunks(shard, chunk, at => values[Place(at, shard)]).Select(c => pack(c.Values))];
        long at = indexFirst ? (16 * chunks.Length) + 4 : 0;
        List<byte> index = [];
        foreach (byte[] packed in chunks)
        {
            index.AddRange([.. BitConverter.GetBytes(at), .. BitConverter.GetBytes((long)packed.Length)]);
            at += packed.Length;
        }

        uint crc = uint.MaxValue;
        foreach (byte b in index)
        {
            crc = System.Numerics.BitOperations.Crc32C(crc, b);
        }

        index.AddRange(BitConverter.GetBytes(~crc));
        byte[] body = [.. chunks.SelectMany(c => c)];
        return indexFirst ? [.. index, .. body] : [.. body, .. index];
    }

    private static IEnumerable<(long[] Index, ushort[] Values)> Chunks(long[] shape, long[] chunk, Func<long[], ushort> value)
    {
        long[] counts = [.. shape.Zip(chunk, (s, c) => (s + c - 1) / c)];
        for (long n = 0; n < counts.Aggregate(1L, (a, b) => a * b); n++)
        {
            long[] index = Unravel(n, counts);
            ushort[] values = new ushort[chunk.Aggregate(1L, (a, b) => a * b)];
            for (int i = 0; i < values.Length; i++)
            {
                long[] at = [.. Unravel(i, chunk).Select((o, a) => (index[a] * chunk[a]) + o)];
                values[i] = at.Zip(shape).All(p => p.First < p.Second) ? value(at) : (ushort)0;
            }

            yield return (index, values);
        }
    }

    private static long[] Unravel(long place, long[] shape)
    {
        long[] at = new long[shape.Length];
        for (int a = shape.Length - 1; a >= 0; a--)
        {
            (place, at[a]) = Math.DivRem(place, shape[a]);
        }

        return at;
    }

    private static long Place(long[] at, long[] shape) => at.Zip(shape).Aggregate(0L, (place, p) => (place * p.Second) + p.First);

    private static byte[] Bytes(ushort value, bool bigEndian) =>
        bigEndian ? [(byte)(value >> 8), (byte)value] : [(byte)value, (byte)(value >> 8)];

    private static byte[] Pack(byte[] bytes, string compressor)
    {
        using MemoryStream stream = new();
        switch (compressor)
        {
            case "zlib":
                return Inflater.Deflate(bytes);
            case "gzip":
                using (GZipStream gzip = new(stream, CompressionLevel.Fastest, leaveOpen: true))
                {
                    gzip.Write(bytes);
                }

                return stream.ToArray();
            case "zstd":
                using (Compressor zstd = new())
                {
                    return zstd.Wrap(bytes).ToArray();
                }

            case "lz4":
                byte[] target = new byte[LZ4Codec.MaximumOutputSize(bytes.Length)];
                return [.. BitConverter.GetBytes(bytes.Length), .. target[..LZ4Codec.Encode(bytes, target)]];
            default:
                return bytes;
        }
    }
}
