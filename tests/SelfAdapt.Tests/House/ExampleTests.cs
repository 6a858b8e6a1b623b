using System.Reflection;
using SelfAdapt.Files.Images;
using SelfAdapt.Tests.Tool;

namespace SelfAdapt.Tests.House;

/// <summary>The example does what it says, through the public surface alone.</summary>
[TestClass]
internal sealed class ExampleTests
{
    [TestMethod]
    public void AdaptAndSegment_WritesTheModelAndMasks()
    {
        using ToolRun at = new();
        at.Images(3);
        MethodInfo main = Assembly.Load("AdaptAndSegment").EntryPoint!;
        object? code = main.Invoke(null, [new[] { at.Onnx(), at.At("images"), at.At("out") }]);

        Assert.AreEqual(0, code);
        Assert.IsTrue(File.Exists(at.At("out", "adapted.onnx")));
        Assert.AreEqual(3, Directory.GetFiles(at.At("out"), "*_masks.tif").Select(LabelFile.Read).Count());
    }
}
