using SelfAdapt.Files;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Tests.Segmentation;

[TestClass]
internal sealed class ResamplingTests
{
    private static readonly float[] Squares = Enumerable.Range(0, 12).Select(i => (float)(i * i)).ToArray();

    [TestMethod]
    public void Linear_Enlarging_MatchesOpenCv()
    {
        float[] expected =
        [
            0, .5f, 1.5f, 3.5f, 6.5f, 9,
            6.4f, 8.5f, 11.633333f, 15.766667f, 20.9f, 25,
            16, 20.5f, 26.833333f, 34.166667f, 42.5f, 49,
            44.8f, 51.7f, 61.233333f, 71.766667f, 83.3f, 92.2f,
            64, 72.5f, 84.166667f, 96.833333f, 110.5f, 121,
        ];
        AssertClose(expected, Resize(5, 6), 2e-5f);
    }

    [TestMethod]
    public void Linear_Reducing_MatchesOpenCv() =>
        AssertClose([4.5f, 9.5f, 17.833333f, 54.5f, 75.5f, 99.833333f], Resize(2, 3), 2e-5f);

    [TestMethod]
    public void Linear_SameSize_IsTheSame() => CollectionAssert.AreEqual(Squares, Resize(3, 4));

    [TestMethod]
    public void Linear_ConstantImage_StaysConstant()
    {
        float[] source = Enumerable.Repeat(3.25f, 7 * 5).ToArray();
        float[] target = new float[11 * 3];
        Resampling.Linear(source, 7, 5, target, 11, 3);
        Assert.IsTrue(target.All(v => v == 3.25f));
    }

    [TestMethod]
    [DataRow(5, 6, "1 1 2 3 3 4 1 1 2 3 3 4 5 5 6 7 7 8 5 5 6 7 7 8 9 9 10 11 11 12")]
    [DataRow(2, 3, "1 2 3 5 6 7")]
    public void Nearest_Labels_MatchesOpenCv(int height, int width, string expected)
    {
        LabelImage labels = new(3, 4, Enumerable.Range(1, 12).ToArray());
        Assert.AreEqual(expected, string.Join(' ', Resampling.Nearest(labels, height, width).Labels));
    }

    private static float[] Resize(int height, int width)
    {
        float[] target = new float[height * width];
        Resampling.Linear(Squares, 3, 4, target, height, width);
        return target;
    }

    private static void AssertClose(float[] expected, float[] actual, float tolerance)
    {
        Assert.HasCount(expected.Length, actual);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.AreEqual(expected[i], actual[i], tolerance, $"element {i}");
        }
    }
}
