"""What a draft may ask: nothing that a right solution may do otherwise, and lengths that belong together."""

from __future__ import annotations

import random
import re
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from test_new import CONFIG, made_from, written

from autograder import loader
from autograder.scaffold.recorded_functions import reproducible, settled
from autograder.scaffold.values import Axis
from autograder.scaffold.variations import disturbed

MODULE = """
import random
from numpy.random import default_rng
import numpy as np


def draw(seed):
    return default_rng(seed).random(), np.random.RandomState(seed).rand(), random.Random(seed).random()


def seeded(seed):
    np.random.seed(seed)
    return np.random.rand()


def vectors(A):
    return np.linalg.eigh(A)[1]


def first(x):
    return np.argmax(x)
"""


@pytest.fixture
def root(tmp_path) -> Path:
    """An empty course."""
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "grader_config.py").write_text(CONFIG)
    return folder


@pytest.fixture
def module(tmp_path) -> ModuleType:
    """A module of a solution that draws, decomposes and looks for the largest."""
    file = tmp_path / "solution.py"
    file.write_text(MODULE)
    made = ModuleType("solution")
    exec(compile(MODULE, str(file), "exec"), vars(made))
    return made


def within(module: ModuleType, tmp_path: Path, work, *, ties: bool = False, seed: int = 3, held=()):
    """What a piece of work gives while the module is disturbed, and what it asked for random numbers."""
    drawn: list[str] = []
    with disturbed(tmp_path, [module], held, seed, ties=ties, drawn=drawn):
        return work(), drawn


class TestDisturbing:
    """Another right solution, played by the reference."""

    def test_generators_with_a_seed_draw_otherwise(self, module, tmp_path) -> None:
        """Under any name, a generator that is made inside draws other numbers, and the same ones for the same seed."""
        usual = module.draw(5), module.seeded(5)
        (other, again), drawn = within(module, tmp_path, lambda: (module.draw(5), module.draw(5)))
        assert other == again
        assert all(a != b for a, b in zip(other, usual[0], strict=True))
        assert {"default_rng", "RandomState", "Random"} <= set(drawn)
        assert within(module, tmp_path, lambda: module.seeded(5))[0] != usual[1]
        assert (module.draw(5), module.seeded(5)) == usual

    def test_what_draws_outside_stays(self, module, tmp_path) -> None:
        """A package that is called, such as scikit-learn, draws as always; types stay what they are."""
        found, drawn = within(
            module,
            tmp_path,
            lambda: (np.random.default_rng(5).random(), isinstance(random.Random(1), random.Random)),
        )
        assert found == (np.random.default_rng(5).random(), True)
        assert drawn == []

    def test_eigenvectors_have_either_sign(self, module, tmp_path) -> None:
        """Over some seeds, each vector comes with both signs, and is an eigenvector."""
        A = np.diag([1.0, 2.0, 3.0])
        signs = {
            tuple(np.sign(within(module, tmp_path, lambda: module.vectors(A), seed=s)[0].sum(axis=0)))
            for s in range(20)
        }
        assert len(signs) > 3

    def test_ties_have_another_winner(self, module, tmp_path) -> None:
        """Of equal entries the last counts, where that is asked for."""
        x = np.array([1.0, 4.0, 4.0])
        assert within(module, tmp_path, lambda: module.first(x), ties=True)[0] == 2
        assert within(module, tmp_path, lambda: module.first(x))[0] == module.first(x) == 1

    def test_everything_is_put_back(self, module, tmp_path) -> None:
        """Afterwards numpy, random and the module have their own functions again, also after an exception."""
        before = np.random.default_rng, np.linalg.eigh, np.argmax, random.Random, module.default_rng
        with pytest.raises(ZeroDivisionError):
            within(module, tmp_path, lambda: 1 / 0, ties=True)
        assert (np.random.default_rng, np.linalg.eigh, np.argmax, random.Random, module.default_rng) == before
        assert sys.modules["random"].Random is random.Random


CALLS = """
np.random.default_rng() np.random.default_rng(seed=3) np.random.default_rng(np.random.SeedSequence(entropy=5))
np.random.default_rng([1,2]) np.random.default_rng(np.random.default_rng(1)) np.random.default_rng(None)
np.random.Generator(np.random.PCG64(seed=3)) np.random.Generator(np.random.MT19937())
np.random.SeedSequence(3).spawn(2) np.random.RandomState() np.random.RandomState(seed=3)
np.random.RandomState(np.random.MT19937(3)) isinstance(np.random.RandomState(1),np.random.RandomState)
isinstance(np.random.SeedSequence(1),np.random.SeedSequence) np.random.seed() np.random.seed(seed=4)
np.random.seed([1,2]) random.seed() random.seed(a=3) random.seed("x",version=2) random.seed(None) random.Random()
random.Random(3) random.Random("text") issubclass(random.Random,random.Random) np.argmax(x) np.argmax(a=x)
np.argmax(x,0) np.argmax(x,axis=-1) np.argmax(x,axis=1,keepdims=True) np.argmin(x,1,None) np.argmax([3,1,3])
np.argmax(((1,2),(3,3)),axis=1) np.argmax(5) np.argmax(x,out=None) np.nanargmin(x,axis=0)
np.argmax(np.ma.array([1,9,9],mask=[0,1,0])) np.argmax(pd.Series([1.,3.,3.])) np.argmin(frame["a"])
np.nanargmax([np.nan,2.,2.]) np.argsort(x) np.argsort(a=x,axis=0) np.argsort(x,kind="stable")
np.argsort(x,-1,"mergesort") np.argsort(x,axis=None) np.argsort([2,1,2]) np.argsort(x,stable=True)
np.argsort(np.array(["b","a","b"])) np.argsort(frame["a"]) np.sort(x) np.unique(x) np.argsort(np.zeros((2,0)))
np.argsort(np.array([("a",1),("b",0)],dtype=[("n","U1"),("k",int)]),order="k") np.linalg.svd(x) np.linalg.svd(x,False)
np.linalg.svd(x,full_matrices=False).S np.linalg.svd(x,compute_uv=False) np.linalg.svd(np.stack([x,x]))
np.linalg.qr(x) np.linalg.qr(x,mode="complete") np.linalg.qr(x,mode="r") np.linalg.qr(x,"raw") np.linalg.eigh(s)
np.linalg.eigh(a=s,UPLO="U").eigenvectors np.linalg.eigh(np.stack([s,s])) np.linalg.eig(s) np.linalg.pinv(x)
np.linalg.eigvalsh(s) np.linalg.lstsq(x,np.ones(4)) np.linalg.matrix_rank(x) np.linalg.norm(x,2) np.linalg.cond(s)
scipy.linalg.svd(x,lapack_driver="gesvd") scipy.linalg.qr(x,pivoting=True) scipy.linalg.qr(x,mode="raw")
scipy.linalg.qr(x,mode="economic") scipy.linalg.eig(s,left=True) scipy.linalg.eig(s,left=True,right=False)
scipy.linalg.eigh(s,subset_by_index=[0,1]) scipy.linalg.eigh(s,eigvals_only=True) scipy.linalg.eig(s,right=False)
scipy.linalg.eigh(s,b=np.eye(3)) scipy.stats.norm.rvs(size=3,random_state=5)
scipy.stats.bootstrap((x[0],),np.mean,rng=3)
scipy.optimize.differential_evolution(np.linalg.norm,[(-1,1)],maxiter=2,rng=1).x.shape
scipy.sparse.random(3,3,0.5,rng=2)
scipy.cluster.vq.kmeans2(x,2,rng=1,minit="points")[0].shape scipy.stats.rankdata([2,2,1])
pd.Series([3,1,3]).sort_values() pd.Series([3,1]).sort_values(kind="stable")
pd.Series([3,1]).sort_index(ascending=False) pd.Series(list("aba")).value_counts()
pd.Series([1,2,2]).value_counts(normalize=True) frame.sort_values(["a","b"])
frame.sort_values("a",kind="mergesort",ascending=False) frame.sort_index() frame.nlargest(2,"a")
frame["b"].rank(method="min") frame.sample(2,random_state=1) frame.sample(2,random_state=np.random.RandomState(2))
frame.groupby("a").mean() frame.a.idxmax() frame.drop_duplicates("a") frame.pivot_table(index="a",aggfunc="mean")
frame.a.argsort() frame.b.mode() pd.cut(frame.b,2) sklearn.decomposition.PCA(2,random_state=0).fit_transform(x)
sklearn.cluster.KMeans(2,n_init=2,random_state=0).fit(x).labels_
sklearn.model_selection.train_test_split(x,random_state=3) sklearn.utils.check_random_state(np.random.RandomState(1))
sklearn.utils.check_random_state(3) sklearn.utils.shuffle(x,random_state=0) sklearn.utils.resample(x,random_state=0)
sklearn.tree.DecisionTreeClassifier(random_state=0).fit(x,[0,1,0,1]).predict(x)
sklearn.datasets.make_blobs(5,random_state=1)
sklearn.ensemble.RandomForestClassifier(3,random_state=0).fit(x,[0,1,0,1]).predict(x)
sklearn.neighbors.KNeighborsClassifier(1).fit(x,[0,1,0,1]).predict(x)
sklearn.linear_model.SGDClassifier(random_state=1)
list(sklearn.model_selection.KFold(2,shuffle=True,random_state=0).split(x))
"""


class TestSignatures:
    """What stands in for a function of a package takes all that the function takes."""

    @pytest.fixture
    def packages(self, tmp_path) -> ModuleType:
        """A module of a solution that has many packages, a matrix, a symmetric one and a table."""
        made = ModuleType("solution")
        made.__dict__.update(np=np, random=random, x=np.arange(12.0).reshape(4, 3) % 5, s=np.diag([3.0, 1.0, 2.0]))
        parts = ("linalg", "stats", "optimize", "sparse", "cluster.vq")
        scipy = [pytest.importorskip(f"scipy.{part}", reason="scipy comes with scikit-learn") for part in parts]
        sk = (
            "decomposition",
            "cluster",
            "model_selection",
            "utils",
            "tree",
            "datasets",
            "ensemble",
            "neighbors",
            "linear_model",
        )
        for part in sk:
            pytest.importorskip(
                f"sklearn.{part}", reason="some courses use scikit-learn, which the toolkit does not need"
            )
        pandas = pytest.importorskip("pandas", reason="some courses use pandas, which the toolkit does not need")
        made.__dict__.update(scipy=sys.modules[scipy[0].__name__.partition(".")[0]], sklearn=sys.modules["sklearn"])
        made.__dict__.update(pd=pandas, frame=pandas.DataFrame({"a": [1, 2, 2], "b": [0.5, 0.1, 0.1]}))
        return made

    @pytest.mark.filterwarnings("ignore")
    def test_calls_work_as_they_do_outside(self, packages, tmp_path) -> None:
        """A call of numpy, scipy, pandas or scikit-learn takes all its arguments, and gives the same type."""
        for text in CALLS.split():
            code = compile(text, str(tmp_path / "solution.py"), "eval")
            usual = eval(code, vars(packages))
            for ties in (False, True):
                found, _ = within(packages, tmp_path, lambda code=code: eval(code, vars(packages)), ties=ties)
                assert type(found) is type(usual), text
                assert np.shape(getattr(found, "shape", ())) == np.shape(getattr(usual, "shape", ())), text

    def test_an_order_of_equal_entries_is_another(self, module, tmp_path) -> None:
        """Equal entries stand the other way round, unless a stable order is asked for."""
        x = np.array([2.0, 1.0, 2.0])
        assert within(module, tmp_path, lambda: np.argsort(x).tolist(), ties=True)[0] == [1, 2, 0]
        assert within(module, tmp_path, lambda: np.argsort(x, kind="stable").tolist(), ties=True)[0] == [1, 0, 2]

    def test_a_generator_that_is_given_goes_on_from_elsewhere(self, module, tmp_path) -> None:
        """A generator among the arguments gives other numbers than it would have given."""
        for make in (np.random.default_rng, np.random.RandomState, random.Random):
            given = make(3)
            found = within(module, tmp_path, given.random, held=[given])[0]
            assert found != make(3).random()


class TestDocstrings:
    """Promises that make a difference."""

    def test_what_is_settled_or_reproducible(self) -> None:
        """Which of equal things counts, and that a seed fixes the answer, is read from the docstring or the class's."""
        source = textwrap.dedent('''
            def best(x):
                """The index of the largest; in a tie the smallest index."""


            def other(x):
                """The index of the largest."""


            class Model:
                """The same seed gives the same model."""

                def fit(self, X):
                    """Fit."""
            ''')
        assert settled({"a.py": source}) == {"best"}
        assert reproducible({"a.py": source}) == {"Model.fit"}


class TestTies:
    """Equal lengths that belong together, and those that do not."""

    def test_equal_by_chance(self, root) -> None:
        """The number of rows of a second argument, equal to that of columns in the example, varies on its own."""
        made_from(
            root,
            """
            import numpy as np

            def nearest(X, centers):
                ### BEGIN SOLUTION
                return np.argmin(((X[:, None] - centers[None]) ** 2).sum(axis=2), axis=1)
                ### END SOLUTION

            if __name__ == "__main__":
                rng = np.random.default_rng(0)
                nearest(rng.normal(size=(9, 3)), rng.normal(size=(3, 3)))
            """.replace("\n            ", "\n"),
        )
        text = written(root)
        assert "X = rng.normal(size=(n, d))" in text
        assert "centers = rng.normal(size=(c, d))" in text

    def test_what_is_cut_off_is_tied(self, root) -> None:
        """Two arguments that a loop takes side by side keep one length, though the longer one does no harm."""
        made_from(
            root,
            """
            import numpy as np

            def dot(a, b):
                ### BEGIN SOLUTION
                return sum(x * y for x, y in zip(a, b))
                ### END SOLUTION

            if __name__ == "__main__":
                dot(np.array([1.0, -2.0, 0.5]), np.array([-1.0, 2.0, 4.0]))
            """.replace("\n            ", "\n"),
        )
        text = written(root)
        assert "a = rng.normal(size=n)" in text or "a = rng.normal(scale=1.2, size=n)" in text
        assert "size=d" not in text

    def test_what_the_constructor_makes_of_one_argument_is_tied(self, root) -> None:
        """Weights that the given constructor makes square stay square, and of the size that it was given."""
        made_from(
            root,
            """
            import numpy as np

            class Layer:
                def __init__(self, d, k):
                    rng = np.random.default_rng(0)
                    self.W = rng.normal(size=(d, d))
                    self.V = rng.normal(size=(d, k))

                def forward(self, x):
                    ### BEGIN SOLUTION
                    return x @ self.W @ self.V
                    ### END SOLUTION

            if __name__ == "__main__":
                Layer(3, 3).forward(np.arange(9.0).reshape(3, 3))
            """.replace("\n            ", "\n"),
        )
        check = written(root).partition("forward_agrees")[2]
        square = re.search(r"W = (?:scale \* )?rng.normal\(.*size=\((\w+), (\w+)\)\)", check)
        other = re.search(r"V = (?:scale \* )?rng.normal\(.*size=\((\w+), (\w+)\)\)", check)
        assert square and other
        assert square[1] == square[2] == other[1] != other[2]
        assert f"Layer({other[1]}, {other[2]})" in check

    def test_tags_keep_equal_lengths_apart(self) -> None:
        """A tagged length is no plain one, and equals another only with its tag."""
        assert Axis((3, 3), "a") != (3, 3)
        assert Axis((3, 3), "a") == Axis((3, 3), "a")
        assert Axis((3, 3), "a") != Axis((3, 3), "b")
        assert len({Axis((3,), "a"), (3,)}) == 2


class TestWritten:
    """What stands in the file."""

    def test_iterations_tell(self, root) -> None:
        """A number of iterations takes two values, at which the answers differ."""
        made_from(
            root,
            """
            def halve(x, n_steps):
                ### BEGIN SOLUTION
                for _ in range(n_steps):
                    x = x / 2
                return x
                ### END SOLUTION

            if __name__ == "__main__":
                halve(8.5, 100)
            """.replace("\n            ", "\n"),
        )
        assert "for n_steps in (5, 1, 5, 1):" in written(root)

    def test_what_only_the_solution_keeps_is_not_asked_for(self, root) -> None:
        """An attribute that begins as None and that no docstring names is the solution's own; others are compared."""
        made_from(
            root,
            '''
            class Doubler:
                """Doubles, and counts in `count`."""

                def __init__(self):
                    self.count = 0
                    self.cache = None

                def of(self, x):
                    """2 x."""
                    ### BEGIN SOLUTION
                    self.count += 1
                    self.cache = x
                    return 2 * x
                    ### END SOLUTION

            if __name__ == "__main__":
                Doubler().of(3.5)
            '''.replace("\n            ", "\n"),
        )
        text = written(root)
        assert "doubler.count" in text
        assert "cache" not in text

    def test_limits_are_measured(self, root) -> None:
        """The limits are beside what the reference took."""
        text = "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION\n"
        made_from(root, text + '\nif __name__ == "__main__":\n    double(1.5)\n')
        assert "# The reference takes " in written(root)
        limits = loader.load(root, "fresh").assignment.limits
        assert 5 <= limits.cpu_seconds < limits.wall_seconds <= 600  # a busy machine takes longer
        assert 512 <= limits.memory_mib <= 8192
