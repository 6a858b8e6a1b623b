using SelfAdapt.Models.Onnx;
using static SelfAdapt.Tests.Models.OnnxModelTests;
using static SelfAdapt.Tests.Models.SmallModels;

namespace SelfAdapt.Tests.Models;

[TestClass]
internal sealed class MalformedModelTests
{
    [TestMethod]
    public void Parse_CutAnywhere_IsRefusedOrWhole()
    {
        byte[] whole = Conv();
        int accepted = 0;
        for (int length = 0; length < whole.Length; length++)
        {
            try
            {
                Parse(whole[..length]);
                accepted++;
            }
            catch (SelfAdaptException e)
            {
                Assert.AreEqual(ErrorKind.ModelMalformed, e.Kind);
                StringAssert.Contains(e.Message, "test.onnx", StringComparison.Ordinal);
            }
        }

        Assert.AreEqual(1, accepted, "only the cut right before the trailing metadata leaves a model");
    }

    [TestMethod]
    public void Parse_Mutants_OnlyThrowOurErrorAndStaySmall()
    {
        byte[] whole = Conv();
        ulong state = 1;
        int accepted = 0;
        long before = GC.GetAllocatedBytesForCurrentThread();
        const int Mutants = 6000;
        for (int i = 0; i < Mutants; i++)
        {
            byte[] mutant = [.. whole];
            for (int k = 0; k <= i % 3; k++)
            {
                mutant[Next(ref state) % (ulong)whole.Length] = Mutation(ref state);
            }

            try
            {
                OnnxModel model = Parse(mutant);
                accepted++;
                foreach (OnnxTensor tensor in model.Graph.Initializers.Where(t => t.Count > 0))
                {
                    float[] values = tensor.ToFloats();
                    _ = model.WithWeights(new System.Collections.Generic.Dictionary<string, float[]>
                    {
                        [tensor.Name] = [.. values.Select(v => v + 1)],
                    });
                }
            }
            catch (SelfAdaptException)
            {
            }
        }

        long perMutant = (GC.GetAllocatedBytesForCurrentThread() - before) / Mutants;
        Assert.IsGreaterThan(100, accepted);
        Assert.IsLessThan(200_000, perMutant);
    }

    [TestMethod]
    public void Parse_HugeLengths_AreRefusedBeforeAllocating()
    {
        byte[] dims = Field(5, Field(1, int.MaxValue), Field(1, int.MaxValue), Field(2, 1), Field(8, "t"));
        byte[] negative = Field(5, Field(1, -1), Field(2, 1), Field(8, "t"));
        byte[] short1 = Field(5, Field(1, 1L << 30), Field(2, 1), Field(8, "t"), Field(9, [1, 2, 3, 4]));
        long before = GC.GetAllocatedBytesForCurrentThread();

        foreach (byte[] field in (byte[][])[dims, negative, short1])
        {
            StringAssert.Contains(Refused(WithGraph(field)).Message, "'t'", StringComparison.Ordinal);
        }

        Refused([0x3a, 0xff, 0xff, 0xff, 0xff, 0x07]);
        Refused([0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
        Refused([0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
        Assert.IsLessThan(1 << 20, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [TestMethod]
    public void Parse_FileOfEmptyRecords_StopsAtTheBudget()
    {
        byte[] graph = new byte[6_000_000];
        for (int i = 0; i < graph.Length; i += 6)
        {
            // A node with the operator "A": 0a 04, 22 01 41 and an ignored field's head are not needed.
            (graph[i], graph[i + 1], graph[i + 2], graph[i + 3], graph[i + 4], graph[i + 5]) =
                (0x0a, 4, 0x22, 2, (byte)'A', (byte)'B');
        }

        StringAssert.Contains(Refused(WithGraph(graph)).Message, "more than", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Parse_BrokenGraphs_AreRefusedWithTheReason()
    {
        byte[] a = Initializer("a", 1, Field(4, Floats(1, 2)));
        (byte[] Model, string Says)[] cases =
        [
            (WithGraph(a, a), "'a' occurs twice"),
            (WithGraph(a, Node("Relu", "a", "a")), "second time"),
            (WithGraph(a, Node("Relu", "later", "x"), Node("Relu", "a", "later")), "out of order"),
            (WithGraph(Node("Relu", "nowhere", "x")), "nothing makes"),
            (WithGraph(a, Field(12, Field(1, "y"))), "made by no node"),
            (WithGraph(Field(5, Field(1, 3), Field(2, 1), Field(8, "t"), Field(9, [0, 0]))), "3 Float"),
            (WithGraph(Initializer("t", 7, Field(4, Floats(1, 2)))), "another type"),
            (WithGraph(Initializer("t", 1, Field(4, Floats(1, 2)), Field(9, new byte[8]))), "two ways"),
            (WithGraph(Initializer(
                "t", 1, Field(14, 1), Field(13, Concat(Field(1, "location"), Field(2, "w"))))), "onnx.save"),
            (WithGraph(Initializer("t", 1, Field(14, 1), Field(9, new byte[8]))), "in another file"),
            (WithGraph(Initializer(
                "t", 1, Field(14, 1), Field(13, Concat(Field(1, "offset"), Field(2, "-4"))))), "'-4'"),
            (WithGraph(Field(15, [])), "sparse"),
            (WithGraph(Field(1, Field(2, "y"))), "no operator"),
            (WithGraph(Field(1, [0xff])), "middle"),
            (Concat(Field(1, 8), Field(7, [])), "opset"),
            (Field(8, Field(2, 16)), "no graph"),
            (Concat(WithGraph(), Field(7, [])), "two graphs"),
            ([0x3b], "wire type"),
        ];
        foreach ((byte[] model, string says) in cases)
        {
            StringAssert.Contains(Refused(model).Message, says, StringComparison.Ordinal);
        }
    }

    [TestMethod]
    public void Parse_SubgraphOrFunction_IsUnsupported()
    {
        byte[] body = Field(5, Field(1, "then_branch"), Field(20, 5), Field(6, []));

        Refused(WithGraph(Field(1, Field(4, "If"), body)), ErrorKind.ModelUnsupported);
        Refused(Concat(WithGraph(), Field(25, [])), ErrorKind.ModelUnsupported);
    }

    private static byte[] Node(string type, string input, string output) =>
        Field(1, Field(1, input), Field(2, output), Field(4, type));

    private static byte Mutation(ref ulong state) => (Next(ref state) % 4) switch
    {
        0 => 0xff,
        1 => 0,
        _ => (byte)Next(ref state),
    };

    // A 64-bit linear congruential generator (Knuth's constants), upper bits.
    private static ulong Next(ref ulong state)
    {
        state = state * 6364136223846793005 + 1442695040888963407;
        return state >> 33;
    }
}
