using SelfAdapt.Adaptation.Supervised;

namespace SelfAdapt.Tests.Adaptation.Supervised;

/// <summary>OpenCV's numbers of docs/cellpose.md 8.5.</summary>
[TestClass]
internal sealed class AffineWarpTests
{
    private static readonly AffineMap Map = new(0.8, -0.3, 2.5, 0.3, 0.8, -1.25);

    private static readonly float[] Squares = Enumerable.Range(0, 12).Select(i => (float)(i * i)).ToArray();

    [TestMethod]
    public void Linear_Squares_MatchesOpenCv()
    {
        float[] expected =
        [
            0, 0, 41.65625f, 34.515621f, 29.71875f, 17.0625f,
            0, 0, 24.191401f, 67.429688f, 101.109383f, 27.671881f,
            0, 0, 0, 0, 7.521480f, 0,
            0, 0, 0, 0, 0, 0,
            0, 0, 0, 0, 0, 0,
        ];
        float[] target = new float[30];
        new AffineWarp(Map, 6).Linear(Squares, 4, mirror: false, target);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.AreEqual(expected[i], target[i], 1e-5f, $"element {i}");
        }
    }

    [TestMethod]
    public void Nearest_Squares_MatchesOpenCv()
    {
        float[] target = new float[30];
        new AffineWarp(Map, 6).Nearest(Squares, 4, mirror: false, target);
        Assert.AreEqual("0 0 64 25 36 9 0 0 0 81 121 0", string.Join(' ', target[..12]));
        Assert.IsTrue(target[12..].All(v => v == 0));
    }

    [TestMethod]
    public void Mirror_EqualsWarpingTheMirroredSource()
    {
        float[] mirrored = Enumerable.Range(0, 12).Select(i => Squares[(i / 4 * 4) + 3 - (i % 4)]).ToArray();
        AffineWarp warp = new(Map, 6);
        float[] expected = new float[60];
        float[] actual = new float[60];
        warp.Linear(mirrored, 4, mirror: false, expected.AsSpan(0, 30));
        warp.Nearest(mirrored, 4, mirror: false, expected.AsSpan(30));
        warp.Linear(Squares, 4, mirror: true, actual.AsSpan(0, 30));
        warp.Nearest(Squares, 4, mirror: true, actual.AsSpan(30));
        CollectionAssert.AreEqual(expected, actual);
    }

    [TestMethod]
    public void Identity_GivesTheSourceBack()
    {
        float[] target = new float[12];
        new AffineWarp(new(1, 0, 0, 0, 1, 0), 4).Linear(Squares, 4, mirror: false, target);
        CollectionAssert.AreEqual(Squares, target);
    }

    [TestMethod]
    public void Inverse_TimesTheMap_IsIdentity()
    {
        AffineMap back = Map.Inverse();
        (double x, double y) = ((0.8 * 7) - (0.3 * 11) + 2.5, (0.3 * 7) + (0.8 * 11) - 1.25);
        Assert.AreEqual(7, (back.A * x) + (back.B * y) + back.C, 1e-12);
        Assert.AreEqual(11, (back.D * x) + (back.E * y) + back.F, 1e-12);
    }
}
