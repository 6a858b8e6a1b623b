using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// Functions of each value and their derivatives, memory-bound or nearly. Math: by kind, sigmoid, x sigmoid(x), tanh, leaky
/// ReLU, ELU, clipping from 0 on, e^x, and sigmoid and x sigmoid(x) of straight lines; in double. Layout: quads, padding included (what it holds is never used). Launch: one
/// thread per quad, groups of 256.
/// </summary>
public static class ElementFunctions
{
    private const int Sigmoid = 0;
    private const int Silu = 1;
    private const int Tanh = 2;
    private const int LeakyRelu = 3;
    private const int Elu = 4;
    private const int Exp = 6;
    private const int HardSigmoid = 7;
    private const int HardSwish = 8;

    /// <summary>y = f(x).</summary>
    public static void Apply(ArrayView<float> x, ArrayView<float> y, int kind, float parameter, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            Quad q = Quad.View(x)[i];
            Quad.View(y)[i] = Quad.Of(
                Value(q.X, kind, parameter), Value(q.Y, kind, parameter), Value(q.Z, kind, parameter),
                Value(q.W, kind, parameter));
        }
    }

    /// <summary>dx = f'(x) dy, or added.</summary>
    public static void ApplyBackward(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> dx, int kind, float parameter, int accumulate, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            Quad q = Quad.View(x)[i];
            Quad slope = Quad.Of(
                Slope(q.X, kind, parameter), Slope(q.Y, kind, parameter), Slope(q.Z, kind, parameter),
                Slope(q.W, kind, parameter));
            Quad.Put(Quad.View(dx), i, Quad.Multiply(slope, Quad.View(dy)[i]), accumulate);
        }
    }

    private static float Value(float at, int kind, float parameter)
    {
        double x = at;
        double exponential = Functions.Exp(kind == Tanh ? -2 * x : kind == Elu || kind == Exp ? x : -x);
        double s = 1 / (1 + exponential);
        double value = kind == Sigmoid ? s
            : kind == Silu ? x * s
            : kind == Tanh ? (2 * s) - 1
            : kind == LeakyRelu ? x > 0 ? x : parameter * x
            : kind == Elu ? x > 0 ? x : parameter * (exponential - 1)
            : kind == Exp ? exponential
            : kind == HardSigmoid ? Clamped((parameter * x) + 0.5)
            : kind == HardSwish ? x * Clamped((x / 6) + 0.5)
            : x < 0 ? 0 : x > parameter ? parameter : x;
        return (float)value;
    }

    private static float Slope(float at, int kind, float parameter)
    {
        double x = at;
        double exponential = Functions.Exp(kind == Tanh ? -2 * x : kind == Elu || kind == Exp ? x : -x);
        double s = 1 / (1 + exponential);
        double t = (2 * s) - 1;
        double slope = kind == Sigmoid ? s * (1 - s)
            : kind == Silu ? s * (1 + (x * (1 - s)))
            : kind == Tanh ? 1 - (t * t)
            : kind == LeakyRelu ? x > 0 ? 1 : parameter
            : kind == Elu ? x > 0 ? 1 : parameter * exponential
            : kind == Exp ? exponential
            : kind == HardSigmoid ? parameter * x > -0.5 && parameter * x < 0.5 ? parameter : 0
            : kind == HardSwish ? x <= -3 ? 0 : x >= 3 ? 1 : (x / 3) + 0.5
            : x > 0 && x <= parameter ? 1 : 0;
        return (float)slope;
    }

    private static double Clamped(double x) => x < 0 ? 0 : x > 1 ? 1 : x;
}
