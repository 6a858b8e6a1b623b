namespace SelfAdapt.Models.Graph;

/// <summary>A function of one number, as networks have them beside ReLU; the numbers are those that kernels know.</summary>
internal enum ElementKind
{
    /// <summary>1 / (1 + e^-x).</summary>
    Sigmoid = 0,

    /// <summary>x / (1 + e^-x), SiLU.</summary>
    Silu = 1,

    Tanh = 2,

    /// <summary>x where it is above 0, else the parameter times x.</summary>
    LeakyRelu = 3,

    /// <summary>x where it is above 0, else the parameter times e^x - 1.</summary>
    Elu = 4,

    /// <summary>x between 0 and the parameter.</summary>
    Clip = 5,

    /// <summary>e^x.</summary>
    Exp = 6,

    /// <summary>The parameter times x, plus 1/2, between 0 and 1.</summary>
    HardSigmoid = 7,

    /// <summary>x times HardSigmoid of x, with 1/6.</summary>
    HardSwish = 8,
}

/// <summary>A function of one number with its parameter.</summary>
internal readonly record struct ElementFunction(ElementKind Kind, float Parameter)
{
    /// <summary>What it gives.</summary>
    public double Value(double x) => Kind switch
    {
        ElementKind.Sigmoid => Sigmoid(x),
        ElementKind.Silu => x * Sigmoid(x),
        ElementKind.Tanh => Math.Tanh(x),
        ElementKind.LeakyRelu => x > 0 ? x : Parameter * x,
        ElementKind.Elu => x > 0 ? x : Parameter * (Math.Exp(x) - 1),
        ElementKind.Exp => Math.Exp(x),
        ElementKind.HardSigmoid => Math.Clamp((Parameter * x) + 0.5, 0, 1),
        ElementKind.HardSwish => x * Math.Clamp((x / 6) + 0.5, 0, 1),
        _ => Math.Min(Math.Max(x, 0), Parameter),
    };

    /// <summary>Its derivative; at a corner that from below.</summary>
    public double Slope(double x)
    {
        double s = Sigmoid(x);
        double t = Math.Tanh(x);
        return Kind switch
        {
            ElementKind.Sigmoid => s * (1 - s),
            ElementKind.Silu => s * (1 + (x * (1 - s))),
            ElementKind.Tanh => 1 - (t * t),
            ElementKind.LeakyRelu => x > 0 ? 1 : Parameter,
            ElementKind.Elu => x > 0 ? 1 : Parameter * Math.Exp(x),
            ElementKind.Exp => Math.Exp(x),
            ElementKind.HardSigmoid => Math.Abs(Parameter * x) < 0.5 ? Parameter : 0,
            ElementKind.HardSwish => x <= -3 ? 0 : x >= 3 ? 1 : (x / 3) + 0.5,
            _ => x > 0 && x <= Parameter ? 1 : 0,
        };
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
}
