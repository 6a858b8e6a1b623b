using SelfAdapt.Fuzz;

namespace SelfAdapt.Tests.Fuzzing;

[TestClass]
internal sealed class RandomGraphTests
{
    private const int Graphs = 200;

    /// <summary>Whatever the importer takes, it computes like ONNX Runtime.</summary>
    [TestMethod]
    public void Forward_RandomGraphs_EqualOnnxRuntimeOrAreRefused()
    {
        using GraphDifference difference = new();
        int same = 0;
        for (int i = 0; i < Graphs; i++)
        {
            (GraphVerdict verdict, string why, _) = difference.Compare(1, i);
            Assert.AreNotEqual(GraphVerdict.Different, verdict, $"graph {i}: {why}");
            same += verdict == GraphVerdict.Same ? 1 : 0;
        }

        Console.WriteLine($"{same} of {Graphs} compared, worst {difference.Worst:e1}");
        Assert.IsGreaterThan(Graphs / 2, same);
    }
}
