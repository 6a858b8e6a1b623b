using System.IO.Compression;
using System.Text;
using SelfAdapt.Fuzz;
using SelfAdapt.Models.Cellpose;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.Torch;

namespace SelfAdapt.Tests.Models;

[TestClass]
internal sealed class TorchCheckpointTests
{
    [TestMethod]
    public void Load_RealCellposeCheckpoint_HasTheDocumentedStateDict()
    {
        TorchCheckpoint real = RealCellpose();
        CellposeLayout layout = new(2, [32, 64, 128, 256], 3);

        Assert.HasCount(313, real.Tensors);
        Assert.AreEqual(6_610_430, real.Tensors.Sum(t => t.Count));
        Assert.AreEqual(17f, real.Find("diam_mean")!.ToFloats()[0]);
        foreach ((OnnxTensor tensor, CellposeEntry entry) in real.Tensors.Zip(layout.Entries()))
        {
            Assert.AreEqual(entry.Key, tensor.Name);
            CollectionAssert.AreEqual(entry.Shape, tensor.Dims.ToArray(), entry.Key);
        }
    }

    [TestMethod]
    public void ToArray_RealCheckpoint_ReadsBackBitExactly()
    {
        TorchCheckpoint real = RealCellpose();

        byte[] written = real.ToArray();

        AssertSame(real, TorchCheckpoint.Parse(written, "written"));
        Assert.IsTrue(written.AsSpan().SequenceEqual(real.ToArray()), "the same tensors give the same bytes");
    }

    [TestMethod]
    public void Load_OtherRealCheckpoint_IsRead()
    {
        TorchCheckpoint real =
            TorchCheckpoint.Load(SharedData.Path("models", "torch_checkpoints", "lightseg_cp_model.pt"));

        Assert.HasCount(26, real.Tensors);
        CollectionAssert.AreEqual(
            new long[] { 16, 1, 3, 3 }, real.Find("encoder.encBlocks.0.conv1.weight")!.Dims.ToArray());
        AssertSame(real, TorchCheckpoint.Parse(real.ToArray(), "written"));
    }

    [TestMethod]
    public void ToArray_EveryElementType_ReadsBackBitExactly()
    {
        TorchCheckpoint small = Small();

        AssertSame(small, TorchCheckpoint.Parse(small.ToArray("x"), "written"));
    }

    [TestMethod]
    public void WithWeights_ChangesWhatIsNamed_KeepsTheRest()
    {
        Dictionary<string, float[]> weights = new() { ["double"] = [.1f, 5], ["float"] = [1, 2, 3, 4, 5, 7] };
        TorchCheckpoint changed = Small().WithWeights(weights);

        byte[] doubles = changed.Find("double")!.ToRaw();
        Assert.AreEqual(0.1, BitConverter.ToDouble(doubles, 0), "unchanged, so not rounded to float");
        Assert.AreEqual(5.0, BitConverter.ToDouble(doubles, 8));
        Assert.AreEqual(7f, changed.Find("float")!.ToFloats()[5]);
        Assert.AreEqual(1L << 40, changed.Find("count")!.ToInt64s()[0]);
        foreach (string name in (string[])["absent", "count", "float"])
        {
            Assert.ThrowsExactly<SelfAdaptException>(
                () => Small().WithWeights(new Dictionary<string, float[]> { [name] = [1] }));
        }
    }

    [TestMethod]
    [DataRow(0, new[] { 2, 3 }, new[] { 3, 1 }, "0 1 2 3 4 5")]
    [DataRow(0, new[] { 3, 2 }, new[] { 1, 3 }, "0 3 1 4 2 5")]
    [DataRow(1, new[] { 2 }, new[] { 3 }, "1 4")]
    [DataRow(5, new int[0], new int[0], "5")]
    [DataRow(0, new[] { 0, 2 }, new[] { 2, 1 }, "")]
    [DataRow(6, new[] { 0 }, new[] { 1 }, "")]
    public void Parse_Strides_AreFollowed(int offset, int[] size, int[] stride, string expected)
    {
        TorchCheckpoint read = TorchCheckpoint.Parse(WithTensor(offset, size, stride), "strided");

        Assert.AreEqual(expected, string.Join(' ', read.Tensors.Single().ToFloats()));
    }

    [TestMethod]
    [DataRow(1, new[] { 2, 3 }, new[] { 3, 1 })]
    [DataRow(0, new[] { 2, 3 }, new[] { 4, 1 })]
    [DataRow(0, new[] { 2, 4 }, new[] { 0, 1 })]
    [DataRow(0, new[] { int.MaxValue, int.MaxValue }, new[] { 0, 0 })]
    [DataRow(0, new[] { 2 }, new[] { -1 })]
    [DataRow(-1, new[] { 2 }, new[] { 1 })]
    [DataRow(0, new[] { 2 }, new[] { 1, 1 })]
    public void Parse_ViewBeyondItsStorage_IsRefused(int offset, int[] size, int[] stride)
    {
        StringAssert.Contains(Refused(WithTensor(offset, size, stride)), "'t'", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Parse_ForeignGlobalOrOpcode_IsRefusedByName()
    {
        string system = Refused(
            Zip(("a/data.pkl", Latin("\u0080\u0002cposix\nsystem\nX\u0002\0\0\0ls\u0085R."))),
            ErrorKind.ModelUnsupported);
        string opcode = Refused(Zip(("a/data.pkl", Latin("\u0080\u0002iposix\nsystem\n."))));

        StringAssert.Contains(system, "'posix system'", StringComparison.Ordinal);
        StringAssert.Contains(opcode, "0x69", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Parse_WhatTorchAlsoWrites_IsToldForWhatItIs()
    {
        byte[] state = Latin("\u0080\u0002}.");
        byte[] module = Zip(("a/data.pkl", Latin("\u0080\u0002ctorch.nn.modules.conv\nConv2d\n.")));

        (byte[] Bytes, string Says)[] cases =
        [
            (module, "Conv2d"),
            (Zip(("a/data.pkl", state), ("a/code/__torch__.py", [])), "TorchScript"),
            (Zip(("a/data.pkl", Latin("\u0080\u0002K\u0001."))), "no state dict"),
            (Zip(("a/data.pkl", Latin("\u0080\u0002}X\u0001\0\0\0kG\0\0\0\0\0\0\0\0s."))), "'k' is no tensor"),
        ];
        foreach ((byte[] bytes, string says) in cases)
        {
            StringAssert.Contains(Refused(bytes, ErrorKind.ModelUnsupported), says, StringComparison.Ordinal);
        }
    }

    [TestMethod]
    [DataRow("module.")]
    [DataRow("_orig_mod.")]
    [DataRow("_orig_mod.module.")]
    public void Parse_NamesOfAWrappedModule_LoseThePrefix(string prefix)
    {
        TorchCheckpoint wrapped = new("wrapped", [.. Small().Tensors.Select(t => t.Renamed(prefix + t.Name))]);
        AssertSame(Small(), TorchCheckpoint.Parse(wrapped.ToArray(), "wrapped"));
    }

    [TestMethod]
    public void WithWeights_SixteenBits_GrowWhereTheyChange()
    {
        OnnxTensor brain = OnnxTensor.FromRaw("brain", OnnxDataType.BFloat16, [2], [0x80, 0x3f, 0, 0xc0]);
        TorchCheckpoint stored = TorchCheckpoint.Parse(
            new TorchCheckpoint("small", [.. Small().Tensors, brain]).ToArray(), "small");
        TorchCheckpoint changed = stored.WithWeights(
            new Dictionary<string, float[]> { ["half"] = [1, -2], ["brain"] = [1, -2.0001f] });

        Assert.AreEqual(OnnxDataType.Float16, changed.Find("half")!.DataType);
        CollectionAssert.AreEqual(new[] { 1f, -2 }, stored.Find("brain")!.ToFloats());
        CollectionAssert.AreEqual(new[] { 1f, -2.0001f }, changed.Find("brain")!.ToFloats());
    }

    [TestMethod]
    public void Parse_SafeTensors_GivesTheSameTensors()
    {
        byte[] file = SeedFiles.SafeTensors(Small().Tensors);

        Assert.IsTrue(TorchCheckpoint.LooksLikeOne(file));
        AssertSame(Small(), TorchCheckpoint.Parse(file, "small.safetensors"));
    }

    [TestMethod]
    [DataRow(
        """{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"u":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""",
        "over each other")]
    [DataRow("""{"t":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", "leaves the file")]
    [DataRow("""{"t":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", "leaves the file")]
    [DataRow("""{"t":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "[3]")]
    [DataRow("""{"t":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}}""", "[-1]")]
    [DataRow("""{"t":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", "[4294967296,")]
    [DataRow("""{"t":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}""", "'U8'")]
    [DataRow(
        """{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"t":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}}""",
        "same name")]
    [DataRow("""{"t":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", "header")]
    [DataRow("""{"t":{"shape":[2]}}""", "header")]
    [DataRow("""{"t":""", "header")]
    public void Parse_SafeTensorsThatLie_AreRefused(string header, string says)
    {
        byte[] text = Latin(header);
        byte[] file = [.. BitConverter.GetBytes((long)text.Length), .. text, .. new byte[8]];

        StringAssert.Contains(Refused(file), says, StringComparison.Ordinal);
        Refused([.. BitConverter.GetBytes(1L << 30), .. file.AsSpan(8)]);
    }

    [TestMethod]
    public void Parse_NoCheckpoint_SaysWhy()
    {
        byte[] good = Small().ToArray();
        byte[] flipped = [.. good];
        flipped[flipped.AsSpan().IndexOf(BitConverter.GetBytes(0.1))] ^= 1;
        byte[] legacy = Legacy(Small());
        (byte[] Bytes, string Says)[] cases =
        [
            ([], "zip"),
            (legacy[..12], "magic number"),
            (legacy[..40], "pickle"),
            (legacy[..^1], "ends too early"),
            ([.. legacy.AsSpan(0, 18), 0, .. legacy.AsSpan(19)], "protocol version"),
            (flipped, "checksum"),
            (Zip(("a/other", [])), "no data.pkl"),
            (Zip(("a/data.pkl", []), ("b/data.pkl", [])), "two data.pkl"),
            (Zip(("a/data.pkl", Latin("\u0080\u0002}.")))[..60], "zip"),
            (Zip(("a/data.pkl", Latin("\u0080\u0002}(X\u00ff\u00ff\u00ff\u007f"))), "text claims"),
            (Zip(("a/data.pkl", Latin("\u0080\u0002}.")), ("a/byteorder", Latin("big"))), "'big'"),
        ];
        foreach ((byte[] bytes, string says) in cases)
        {
            StringAssert.Contains(Refused(bytes), says, StringComparison.Ordinal);
        }
    }

    [TestMethod]
    public void Parse_CutOrMutated_OnlyThrowsOurError()
    {
        byte[] whole = Small().ToArray();
        for (int length = 0; length < whole.Length; length++)
        {
            Refused(whole[..length]);
        }

        uint state = 1;
        for (int i = 0; i < 4000; i++)
        {
            byte[] mutant = [.. whole];
            for (int k = 0; k <= i % 3; k++)
            {
                state = state * 1664525 + 1013904223;
                mutant[(state >> 8) % mutant.Length] = (byte)(state >> 3);
            }

            try
            {
                TorchCheckpoint.Parse(mutant, "mutant");
            }
            catch (SelfAdaptException e)
            {
                Assert.AreEqual(ErrorKind.ModelMalformed, e.Kind);
            }
        }
    }

    [TestMethod]
    public void Parse_LegacyStream_ReadsTheSameTensors()
    {
        AssertSame(Small(), TorchCheckpoint.Parse(Legacy(Small()), "legacy"));
        Assert.IsTrue(TorchCheckpoint.LooksLikeOne(Legacy(Small())));
    }

    [TestMethod]
    public void Parse_LegacyStreamOfABigEndianMachine_IsRefused()
    {
        string said = Refused(Legacy(Small(), littleEndian: false));

        StringAssert.Contains(said, "byte order", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Parse_LegacyStreamCutOrMutated_OnlyThrowsOurError()
    {
        byte[] whole = Legacy(Small());
        for (int length = 4; length < whole.Length; length++)
        {
            Refused(whole[..length]);
        }

        uint state = 3;
        int refused = 0;
        for (int i = 0; i < 4000; i++)
        {
            byte[] mutant = [.. whole];
            state = state * 1664525 + 1013904223;
            mutant[4 + ((state >> 8) % (mutant.Length - 4))] = (byte)(state >> 3);
            try
            {
                TorchCheckpoint.Parse(mutant, "mutant");
            }
            catch (SelfAdaptException)
            {
                refused++;
            }
        }

        Assert.IsGreaterThan(1000, refused);
    }

    [TestMethod]
    public void Parse_MutatedPickle_OnlyThrowsOurError()
    {
        byte[] pickle = Entry(Small().ToArray(), "archive/data.pkl");
        uint state = 7;
        int refused = 0;
        for (int i = 0; i < 3000; i++)
        {
            byte[] mutant = [.. pickle];
            state = state * 1664525 + 1013904223;
            mutant[(state >> 8) % mutant.Length] = (byte)(state >> 3);
            try
            {
                TorchCheckpoint.Parse(Zip(("a/data.pkl", mutant), ("a/data/0", new byte[24])), "mutant");
            }
            catch (SelfAdaptException)
            {
                refused++;
            }
        }

        Assert.IsGreaterThan(1000, refused);
    }

    private static TorchCheckpoint RealCellpose() =>
        TorchCheckpoint.Load(SharedData.Path("models", "cellpose_nuclei_dsb", "nuclei_dsb"));

    private static TorchCheckpoint Small() => new(
        "small",
        [
            OnnxTensor.FromFloats("float", [3, 2], [1, 2, 3, 4, 5, 6]),
            OnnxTensor.FromRaw("double", OnnxDataType.Double, [2], [.. Bytes(0.1), .. Bytes(-2)]),
            OnnxTensor.FromRaw("half", OnnxDataType.Float16, [1, 1, 2], [0, 0x3c, 0, 0xc0]),
            OnnxTensor.FromInt64s("count", [], [1L << 40]),
            OnnxTensor.FromFloats("empty", [0, 4], []),
        ]);

    private static byte[] Bytes(double value) => BitConverter.GetBytes(value);

    private static void AssertSame(TorchCheckpoint expected, TorchCheckpoint actual)
    {
        Assert.HasCount(expected.Tensors.Count, actual.Tensors);
        foreach ((OnnxTensor a, OnnxTensor b) in expected.Tensors.Zip(actual.Tensors))
        {
            Assert.AreEqual(a.Name, b.Name);
            Assert.AreEqual(a.DataType, b.DataType);
            CollectionAssert.AreEqual(a.Dims.ToArray(), b.Dims.ToArray());
            Assert.IsTrue(a.ToRaw().AsSpan().SequenceEqual(b.ToRaw()), a.Name);
        }
    }

    private static string Refused(byte[] bytes, ErrorKind kind = ErrorKind.ModelMalformed)
    {
        SelfAdaptException e =
            Assert.ThrowsExactly<SelfAdaptException>(() => TorchCheckpoint.Parse(bytes, "bad.pth"));
        Assert.AreEqual(kind, e.Kind);
        StringAssert.Contains(e.Message, "bad.pth", StringComparison.Ordinal);
        return e.Message;
    }

    /// <summary>A checkpoint with one view 't' on a storage that holds 0, 1, 2, 3, 4, 5.</summary>
    private static byte[] WithTensor(int offset, int[] size, int[] stride)
    {
        StringBuilder pickle = new("\u0080\u0002}X\u0001\0\0\0tctorch._utils\n_rebuild_tensor_v2\n((");
        pickle.Append("X\u0007\0\0\0storagectorch\nFloatStorage\nX\u0001\0\0\00X\u0003\0\0\0cpuK\u0006tQ");
        pickle.Append(Int(offset)).Append(Ints(size)).Append(Ints(stride)).Append("\u0089}tRs.");
        byte[] storage = OnnxModelTests.Floats(0, 1, 2, 3, 4, 5);
        return Zip(("a/data.pkl", Latin(pickle.ToString())), ("a/data/0", storage));

        static string Int(int value) => "J" + Encoding.Latin1.GetString(BitConverter.GetBytes(value));
        static string Ints(int[] values) => $"({string.Concat(values.Select(Int))}t";
    }

    /// <summary>The same state dict in torch's format from before version 1.6.</summary>
    private static byte[] Legacy(TorchCheckpoint checkpoint, bool littleEndian = true)
    {
        using MemoryStream stream = new();
        stream.Write(Latin("\u0080\u0002\u008a\u000al\u00fc\u009cF\u00f9\u0020j\u00a8P\u0019."));
        stream.Write(Latin("\u0080\u0002M\u00e9\u0003."));
        stream.Write(Latin("\u0080\u0002}q\0X\u000d\0\0\0little_endianq\u0001"));
        stream.Write(Latin(littleEndian ? "\u0088s." : "\u0089s."));
        stream.Write(Entry(checkpoint.ToArray(), "archive/data.pkl"));
        stream.Write(Latin("\u0080\u0002]q\0("));
        for (int i = checkpoint.Tensors.Count - 1; i >= 0; i--)
        {
            stream.Write(Latin($"X\u0001\0\0\0{i}"));
        }

        stream.Write(Latin("e."));
        foreach (OnnxTensor tensor in checkpoint.Tensors.Reverse())
        {
            stream.Write(BitConverter.GetBytes(tensor.Count));
            stream.Write(tensor.ToRaw());
        }

        return stream.ToArray();
    }

    private static byte[] Latin(string text) => Encoding.Latin1.GetBytes(text);

    private static byte[] Zip(params (string Name, byte[] Content)[] entries)
    {
        using MemoryStream stream = new();
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in entries)
            {
                using Stream entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
                entry.Write(content);
            }
        }

        return stream.ToArray();
    }

    private static byte[] Entry(byte[] zipBytes, string name)
    {
        using ZipArchive zip = new(new MemoryStream(zipBytes));
        using MemoryStream content = new();
        using Stream entry = zip.GetEntry(name)!.Open();
        entry.CopyTo(content);
        return content.ToArray();
    }
}
