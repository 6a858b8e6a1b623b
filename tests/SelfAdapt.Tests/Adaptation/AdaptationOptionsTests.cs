using SelfAdapt.Adaptation;

namespace SelfAdapt.Tests.Adaptation;

[TestClass]
internal sealed class AdaptationOptionsTests
{
    [TestMethod]
    public void Validate_Defaults_Pass() => new AdaptationOptions().Validate();

    [TestMethod]
    public void Validate_EndsOfTheRanges_Pass() => new AdaptationOptions
    {
        Iterations = 1,
        Warmup = 1,
        Views = 8,
        Crop = 16,
        LearningRate = 0,
        ClassQuantile = 0,
        RegressionQuantile = 1,
        Ema = 1,
        CropScaleMin = 1,
        CropScaleMax = 1,
        MaxCheckedImages = 1,
        Strong = new() { BlurMin = 0, BlurMax = 0, Noise = 0, Probability = 1 },
    }.Validate();

    [TestMethod]
    public void Validate_OutOfRange_NamesTheOptionItsValueAndItsRange()
    {
        AssertWrong(new() { Views = 9 }, "Views is 9", "between 1 and 8");
        AssertWrong(new() { Views = 0 }, "Views is 0", "between 1 and 8");
        AssertWrong(new() { Iterations = -1 }, "Iterations is -1");
        AssertWrong(new() { BatchSize = 0 }, "BatchSize is 0");
        AssertWrong(new() { LearningRate = -1e-4 }, "LearningRate is -0.0001", "between 0 and 1");
        AssertWrong(new() { LearningRate = double.NaN }, "LearningRate is NaN");
        AssertWrong(new() { Ema = 1.5 }, "Ema is 1.5");
        AssertWrong(new() { EmaEvery = 0 }, "EmaEvery is 0");
        AssertWrong(new() { ClassQuantile = -0.1 }, "ClassQuantile");
        AssertWrong(new() { RegressionQuantile = 80 }, "RegressionQuantile is 80");
        AssertWrong(new() { MaxCheckedImages = 0 }, "MaxCheckedImages");
        AssertWrong(new() { Stop = (StopRule)9 }, "Stop");
    }

    [TestMethod]
    public void Validate_NoSteps_NeedNoWarmup() => new AdaptationOptions { Iterations = 0, Warmup = 10 }.Validate();

    [TestMethod]
    public void Validate_CropOffTheGrid_ProposesTheNearest() =>
        AssertWrong(new() { Crop = 100 }, "Crop is 100", "multiple of 16", "try 96");

    [TestMethod]
    public void Validate_WarmupLongerThanTheRun_SaysBoth() =>
        AssertWrong(new() { Iterations = 100, Warmup = 500 }, "500 steps", "the run has 100", "Lower Warmup");

    [TestMethod]
    public void Validate_ReversedIntervals_AskToExchange()
    {
        AssertWrong(new() { CropScaleMin = 1.5 }, "CropScaleMin is 1.5", "exchange");
        AssertWrong(new() { Strong = new() { BlurMax = 0.05 } }, "BlurMin is 0.1", "exchange");
        AssertWrong(new() { Strong = new() { BrightnessMin = 1.9 } }, "BrightnessMin");
        AssertWrong(new() { Strong = new() { ContrastMax = 0.1 } }, "ContrastMin");
        AssertWrong(new() { Strong = new() { Noise = -1 } }, "Noise is -1");
        AssertWrong(new() { Strong = new() { Probability = 2 } }, "Probability is 2");
    }

    private static void AssertWrong(AdaptationOptions options, params string[] parts)
    {
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(options.Validate);
        Assert.AreEqual(ErrorKind.InvalidOption, error.Kind);
        foreach (string part in parts)
        {
            StringAssert.Contains(error.Message, part, StringComparison.Ordinal);
        }
    }
}
