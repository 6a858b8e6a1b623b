using SelfAdapt.Engine;
using SelfAdapt.Engine.Reference;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Graph.Kinds;

namespace SelfAdapt.Tests.Engine;

[TestClass]
internal sealed class LossTests
{
    private static readonly ReferenceBackend Backend = new();
    private static readonly TensorShape Shape = new(2, 4, 3, 2);
    private static readonly ChannelMeaning[] Channels =
        [ChannelMeaning.VectorRow, ChannelMeaning.VectorColumn, ChannelMeaning.Logit, ChannelMeaning.Scalar];

    [TestMethod]
    public void MaskedLoss_OnePixelEach_EqualsHandValues()
    {
        // Logit z = ln 3 against foreground (label 2 > 0): CE = -ln(3/4), gradient (3/4 - 1) / 1.
        // Field (1, 2) against (0, 4): MSE = (1 + 4) / 2, gradients 0.5 * 2 * (1, -2) / 2.
        HostVector<double> gradient = new(3);
        HostVector<double> sums = new(6);
        Backend.MaskedLoss(
            HostVectors.Of<double>(1, 2, Math.Log(3)), HostVectors.Of<double>(0, 4, 2),
            new HostVector<double>(3), new(1, 3, 1, 1), Channels.AsSpan(0, 3),
            new(0.5f, false, false, false, false), new HostVector<double>(12), gradient, sums);
        double ce = -Math.Log(0.75);
        AssertClose([ce, 2.5, ce + 1.25, 1, 1, 1], sums.Data);
        AssertClose([0.5, -1, -0.25], gradient.Data);
    }

    [TestMethod]
    public void MaskedLoss_SoftLabels_UsesTheProbability()
    {
        // Target sigmoid(-ln 4) = 0.2, z = 0: CE = ln 2 whatever the target, gradient 0.5 - 0.2.
        HostVector<double> gradient = new(1);
        HostVector<double> sums = new(4);
        Backend.MaskedLoss(
            new HostVector<double>(1), HostVectors.Of<double>(-Math.Log(4)), new HostVector<double>(1),
            new(1, 1, 1, 1), [ChannelMeaning.Logit], new(0.5f, false, false, true, false),
            new HostVector<double>(4), gradient, sums);
        AssertClose([Math.Log(2), 0, Math.Log(2), 1], sums.Data);
        AssertClose([0.3], gradient.Data);
    }

    [TestMethod]
    public void MaskedLoss_Masks_DropUnsurePixelsFromSumsAndGradient()
    {
        // Background needs .7, foreground .8. Confidences: .75 (fg, out), .9 (fg, in), .75 (bg, in), .6 (bg,
        // out). Deviations against 0.5: .5 in, .6 out, 0 in, 1 out. Means still run over all four pixels.
        double[] label = [Math.Log(3), Math.Log(9), -Math.Log(3), -Math.Log(1.5), 0, 0, 0, 0];
        double[] student = [0, 0, 0, 0, 1, 1, 2, 1];
        double[] deviation = [0, 0, 0, 0, 0.5, 0.6, 0, 1];
        HostVector<double> gradient = new(8);
        HostVector<double> sums = new(5);
        Backend.MaskedLoss(
            HostVectors.Of<double>(student), HostVectors.Of<double>(label), HostVectors.Of<double>(deviation),
            new(1, 2, 2, 2), [ChannelMeaning.Logit, ChannelMeaning.Scalar], new(1, true, true, false, false),
            HostVectors.Of<double>(0.7, 0.8, 1, 1, 0.5, 0, 1, 0), gradient, sums);
        double ce = 2 * Math.Log(2) / 4;
        AssertClose([ce, 5.0 / 4, ce + 1.25, 0.5, 0.5], sums.Data);
        AssertClose([0, -0.125, 0.125, 0, 0.5, 0, 1, 0], gradient.Data);
    }

    [TestMethod]
    [DataRow(false, false)]
    [DataRow(true, false)]
    [DataRow(false, true)]
    [DataRow(true, true)]
    public void MaskedLoss_Gradient_EqualsFiniteDifferences(bool soft, bool masked)
    {
        HostVector<double> student = HostVectors.Of<double>(Scaled(3, 1));
        double[] mean = Scaled(2, 2);
        double[] deviation = [.. Scaled(1, 3).Select(Math.Abs)];
        HostVector<double> thresholds = HostVectors.Of<double>(
            [0.5, 0, 1, 0, 0.4, 0, 1, 0, 0.6, 0.7, 1, 1, 0.6, 0, 1, 0]);
        double Loss(HostVector<double> gradient)
        {
            HostVector<double> sums = new(7);
            Backend.MaskedLoss(
                student, HostVectors.Of<double>(mean), HostVectors.Of<double>(deviation), Shape, Channels,
                new(0.5f, masked, masked, soft, false), thresholds, gradient, sums);
            return sums.Data[2];
        }

        AssertGradient(student, Loss);
    }

    [TestMethod]
    public void MaskedLoss_Classes_AreThoseOfASoftmax()
    {
        // Teacher .6, .3, .1 and .2, .5, .3; thresholds .5, .55, 0: the second pixel is left out. Student ln(1, 2, 1).
        ChannelMeaning[] channels = new OutputDescription([new(new ClassesKind(3), 0, "class")]).Meanings;
        HostVector<double> mean = HostVectors.Of<double>(
            Math.Log(0.6), Math.Log(0.2), Math.Log(0.3), Math.Log(0.5), Math.Log(0.1), Math.Log(0.3));
        TensorShape shape = new(1, 3, 1, 2);
        Backend.Softmax(mean, shape, channels);
        AssertClose([0.6, 0.2, 0.3, 0.5, 0.1, 0.3], mean.Data);
        HostVector<double> gradient = new(6);
        HostVector<double> sums = new(6);
        Backend.MaskedLoss(
            HostVectors.Of<double>(0, 0, Math.Log(2), 0, 0, 0), mean, new HostVector<double>(6), shape, channels,
            new(0.5f, true, true, true, false), HostVectors.Of<double>(0.5, 0, 1, 0, 0.55, 0, 1, 0, 0, 0, 1, 0), gradient, sums);
        double ce = -((0.6 * Math.Log(0.25)) + (0.3 * Math.Log(0.5)) + (0.1 * Math.Log(0.25))) / 2;
        AssertClose([ce, 0, ce, 0.5, 0.5, 0.5], sums.Data);
        AssertClose([(0.25 - 0.6) / 2, 0, (0.5 - 0.3) / 2, 0, (0.25 - 0.1) / 2, 0], gradient.Data);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void MaskedLoss_GradientOfClasses_EqualsFiniteDifferences(bool soft)
    {
        ChannelMeaning[] channels = new OutputDescription(
            [new(OutputKind.Logit, 0, "logit"), new(new ClassesKind(3), 1, "class")]).Meanings;
        HostVector<double> student = HostVectors.Of<double>(Scaled(3, 1));
        HostVector<double> mean = HostVectors.Of<double>(Scaled(2, 2));
        Backend.Softmax(mean, Shape, channels);
        HostVector<double> thresholds = HostVectors.Of<double>(
            [0.5, 0.5, 1, 1, 0.4, 0, 1, 0, 0.5, 0, 1, 0, 0.4, 0, 1, 0]);
        AssertGradient(student, gradient =>
        {
            HostVector<double> sums = new(7);
            Backend.MaskedLoss(
                student, mean, new HostVector<double>(mean.Data.Length), Shape, channels, new(0.5f, true, true, soft, false),
                thresholds, gradient, sums);
            return sums.Data[2];
        });
    }

    [TestMethod]
    public void SupervisedLoss_Gradient_EqualsFiniteDifferences()
    {
        HostVector<double> output = HostVectors.Of<double>(Scaled(3, 5));
        HostVector<double> flow = HostVectors.Of<double>(HostVectors.Noise(24, 6));
        HostVector<double> cell =
            HostVectors.Of<double>([.. HostVectors.Noise(12, 7).Select(v => v > 0 ? 1.0 : 0)]);
        double Loss(HostVector<double> gradient)
        {
            HostVector<double> sums = new(3);
            Backend.SupervisedLoss(output, Shape, Channels, cell, flow, 5, gradient, sums);
            Assert.AreEqual(sums.Data[2], sums.Data[0] + sums.Data[1], 1e-12);
            return sums.Data[2];
        }

        AssertGradient(output, Loss);
    }

    [TestMethod]
    public void SupervisedLoss_OnePixel_EqualsHandValues()
    {
        // Flow (0.6, -0.8) x 5 = (3, -4) against (1, -1): 0.5 * (4 + 9) / 2. Logit 0, cell 1: ln 2.
        HostVector<double> gradient = new(3);
        HostVector<double> sums = new(3);
        Backend.SupervisedLoss(
            HostVectors.Of<double>(1, -1, 0), new(1, 3, 1, 1), Channels.AsSpan(0, 3),
            HostVectors.Of<double>(1), HostVectors.Of<double>(0.6, -0.8), 5, gradient, sums);
        AssertClose([3.25, Math.Log(2), 3.25 + Math.Log(2)], sums.Data);
        AssertClose([-1, 1.5, -0.5], gradient.Data);
    }

    [TestMethod]
    public void SupervisedLoss_SingleLogit_IsTheCrossEntropyAlone()
    {
        HostVector<double> gradient = new(2);
        HostVector<double> sums = new(3);
        Backend.SupervisedLoss(
            HostVectors.Of<double>(1000, -1000), new(1, 1, 1, 2), [ChannelMeaning.Logit],
            HostVectors.Of<double>(1, 1), new HostVector<double>(4), 5, gradient, sums);
        AssertClose([0, 500, 500], sums.Data);
        AssertClose([0, -0.5], gradient.Data);
    }

    [TestMethod]
    public void MaskedLoss_Distances_CountInObjectsByTheirProbability()
    {
        // Logits ln 3 (an object, .75) and -1 (none); a threshold of 1 leaves the third ray's deviation out. Ray errors 2, -4 and 1
        // at the object: .75 * (2 + 4 + 0 + 0) over 4 rays and 2 pixels.
        double[] student = [7, 9, 1, 9, 2, 9, 3, 9, 0, 0];
        double[] label = [5, 0, 5, 0, 1, 0, 3, 0, Math.Log(3), -1];
        double[] deviation = [1, 0, 0, 0, 2, 0, 0, 0, 0, 0];
        ChannelMeaning[] channels = new OutputDescription(
            [new(new RaysKind(4), 0, "rays"), new(OutputKind.Logit, 4, "logit")]).Meanings;
        HostVector<double> gradient = new(10);
        HostVector<double> sums = new(8);
        Backend.MaskedLoss(
            HostVectors.Of<double>(student), HostVectors.Of<double>(label), HostVectors.Of<double>(deviation),
            new(1, 5, 1, 2), channels, new(0.5f, false, true, false, false),
            HostVectors.Of<double>([.. Enumerable.Repeat(new double[] { 1, 0, 1, 0 }, 5).SelectMany(t => t)]), gradient, sums);
        double slope = 0.75 * 0.5 / 8;
        AssertClose([slope, 0, -slope, 0, 0, 0, 0, 0], gradient.Data[..8]);
        AssertClose([0.75 * 6 / 8], sums.Data[1..2]);
        AssertClose([0.5, 0.5, 0, 0.5], sums.Data[3..7]);
    }

    [TestMethod]
    public void SupervisedLoss_Distances_AreStarDistsMaskedError()
    {
        // p .5, distances 3 and 1 against 1 and 2: .2 * (.5 * 2 + .5 * 1 + 1e-4 * .5 * (3 + 1)) / 4 (two of four rays are met).
        ChannelMeaning[] channels = new OutputDescription([new(new RaysKind(4), 0, "rays")]).Meanings;
        HostVector<double> gradient = new(4);
        HostVector<double> sums = new(3);
        Backend.SupervisedLoss(
            HostVectors.Of<double>(3, 1, 0, 0), new(1, 4, 1, 1), channels, HostVectors.Of<double>(0.5),
            HostVectors.Of<double>(1, 2, 0, 0), 1, gradient, sums);
        double background = SupervisedField.Background;
        AssertClose([0.05 * (1.5 + (background * 2)), 0, 0.05 * (1.5 + (background * 2))], sums.Data);
        AssertClose([0.05 * (0.5 + (background / 2)), 0.05 * (-0.5 + (background / 2)), 0, 0], gradient.Data);
    }

    private static double[] Scaled(double scale, ulong key) =>
        [.. HostVectors.Noise((int)Shape.Count, key).Select(v => scale * v)];

    private static void AssertGradient(HostVector<double> x, Func<HostVector<double>, double> loss)
    {
        const double Step = 1e-6;
        HostVector<double> gradient = new(x.Length);
        HostVector<double> unused = new(x.Length);
        loss(gradient);
        for (int i = 0; i < x.Length; i++)
        {
            double value = x.Data[i];
            x.Data[i] = value + Step;
            double up = loss(unused);
            x.Data[i] = value - Step;
            double down = loss(unused);
            x.Data[i] = value;
            Assert.AreEqual((up - down) / (2 * Step), gradient.Data[i], 1e-8, $"element {i}");
        }
    }

    private static void AssertClose(double[] expected, double[] actual)
    {
        Assert.AreEqual(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.AreEqual(expected[i], actual[i], 1e-12, $"element {i}");
        }
    }
}
